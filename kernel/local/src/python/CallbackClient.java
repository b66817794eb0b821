import java.net.InetAddress;
import javax.net.SocketFactory;
import py4j.Py4JPythonClient;
import py4j.PythonClient;

/** Sends the gateway's token when Java calls Python. py4j's own client forgets the token once it learns Python's port. */
public class LivyLocalCallbackClient extends PythonClient {
  public LivyLocalCallbackClient(PythonClient other, InetAddress address, int port, String token) {
    super(other.getGateway(), null, port, address, DEFAULT_MIN_CONNECTION_TIME, DEFAULT_MIN_CONNECTION_TIME_UNIT,
        SocketFactory.getDefault(), other.getJavaServer(), other.isMemoryManagementEnabled(), other.getReadTimeout(),
        token);
  }

  public Py4JPythonClient copyWith(InetAddress address, int port) {
    return new LivyLocalCallbackClient(this, address, port, authToken);
  }
}
