import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.FilterConfig;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Answers only requests that send the key, since every user of this machine can connect to the port of the Spark UI. */
public class LivyLocalUiGuard implements Filter {
  private byte[] key;

  public void init(FilterConfig config) throws ServletException {
    try {
      key = Files.readAllBytes(Paths.get(config.getInitParameter("keyFile")));
    } catch (IOException error) {
      throw new ServletException(error);
    }
  }

  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String sent = ((HttpServletRequest) request).getHeader("X-Livy-Local-Key");
    if (sent != null && MessageDigest.isEqual(key, sent.getBytes(StandardCharsets.UTF_8))) {
      chain.doFilter(request, response);
    } else {
      ((HttpServletResponse) response).sendError(403, "Open the Spark UI at the address that %spark_ui shows.");
    }
  }

  public void destroy() {}
}
