using SkiaSharp;

namespace EduVision.Training.Rendering.Camera;

/// <summary>
/// Where a point of the sheet lands in the picture: the sheet is curled, turned, seen in perspective, then enlarged and moved so
/// that the writing fills the wanted rectangle.
/// </summary>
internal struct PageWarp
{
    private readonly float _middleX, _middleY, _unit, _sin, _cos, _tiltX, _tiltY, _curl;
    private float _scale, _moveX, _moveY;

    /// <param name="bounds">The writing on the sheet; becomes -1 to 1 along its longer side.</param>
    /// <param name="rotation">Radians, clockwise.</param>
    /// <param name="tiltX">Perspective: relative change of size from the middle to the right edge.</param>
    /// <param name="tiltY">The same towards the bottom.</param>
    /// <param name="curl">How far the sheet's ends bend down, relative to its half length.</param>
    public PageWarp(SKRect bounds, float rotation, float tiltX, float tiltY, float curl)
    {
        _middleX = bounds.MidX;
        _middleY = bounds.MidY;
        _unit = 2f / Math.Max(Math.Max(bounds.Width, bounds.Height), 1f);
        (_sin, _cos) = MathF.SinCos(rotation);
        (_tiltX, _tiltY, _curl) = (tiltX, tiltY, curl);
        _scale = 1f;
    }

    /// <summary>Pixels per unit of the sheet near the middle.</summary>
    public readonly float PixelsPerUnit => _scale * _unit;

    public readonly SKPoint Map(float x, float y)
    {
        float u = (x - _middleX) * _unit, v = (y - _middleY) * _unit;
        v += _curl * u * u;
        var depth = 1f / Math.Max(1f + _tiltX * u + _tiltY * v, 0.2f);
        float s = (u * _cos - v * _sin) * depth, t = (u * _sin + v * _cos) * depth;
        return new SKPoint(s * _scale + _moveX, t * _scale + _moveY);
    }

    public readonly SKPoint Map(SKPoint point) => Map(point.X, point.Y);

    /// <summary>Chooses scale and place so that <paramref name="seen"/> (bounds under this warp so far) fits into <paramref name="target"/>.</summary>
    public void Fit(SKRect seen, SKRect target)
    {
        var scale = Math.Min(target.Width / Math.Max(seen.Width, 1e-3f), target.Height / Math.Max(seen.Height, 1e-3f));
        _moveX = target.MidX + (_moveX - seen.MidX) * scale;
        _moveY = target.MidY + (_moveY - seen.MidY) * scale;
        _scale *= scale;
    }
}
