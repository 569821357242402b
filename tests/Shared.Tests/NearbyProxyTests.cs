namespace EduVision.Shared.Tests;

public sealed class NearbyProxyTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5081")]
    [InlineData("http://localhost:5081")]
    [InlineData("ws://[::1]:5081")]
    public void This_machine_is_asked_directly(string url)
    {
        var proxy = new NearbyProxy();
        Assert.True(proxy.IsBypassed(new Uri(url)));
        Assert.Null(proxy.GetProxy(new Uri(url)));
    }

    [Fact]
    public void Others_are_reached_as_the_system_says()
    {
        var proxy = new NearbyProxy();
        var far = new Uri("http://gpu.example:5081");
        Assert.Equal(HttpClient.DefaultProxy.IsBypassed(far), proxy.IsBypassed(far));
        if (!proxy.IsBypassed(far)) Assert.Equal(HttpClient.DefaultProxy.GetProxy(far), proxy.GetProxy(far));
    }
}
