using System.Net;
using System.Net.Sockets;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>A TCP line to a service that can be cut in the middle of anything, and is there again at once.</summary>
internal sealed class CuttableLine : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly List<TcpClient> open = [];
    private readonly Uri target;
    private readonly Task accepting;
    private long bytesToClient;

    public CuttableLine(Uri target)
    {
        this.target = target;
        listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        accepting = AcceptAsync();
    }

    public Uri Url { get; }

    public int Connections { get; private set; }

    public long BytesToClient => Interlocked.Read(ref bytesToClient);

    public void Cut()
    {
        lock (open)
        {
            foreach (var client in open) client.Client.Close(0);
            open.Clear();
        }
    }

    private async Task AcceptAsync()
    {
        while (!end.IsCancellationRequested)
        {
            TcpClient near;
            try
            {
                near = await listener.AcceptTcpClientAsync(end.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                return;
            }
            var far = new TcpClient();
            await far.ConnectAsync(target.Host, target.Port);
            lock (open)
            {
                Connections++;
                open.Add(near);
                open.Add(far);
            }
            _ = PumpAsync(near.GetStream(), far.GetStream(), _ => { });
            _ = PumpAsync(far.GetStream(), near.GetStream(), count => Interlocked.Add(ref bytesToClient, count));
        }
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, Action<int> count)
    {
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer)) > 0)
            {
                count(read);
                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The line was cut.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Stop();
        Cut();
        await accepting;
        end.Dispose();
        listener.Dispose();
    }
}
