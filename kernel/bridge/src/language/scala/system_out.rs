//! What Java prints in a cell. Livy answers with what `Console.out` gets, while `System.out` and `System.err`
//! go to the driver's log, and with them all that Java's code prints. Pure.

/// Copies what the cells' thread and its children print to `System.out`, `System.err` and `Console.err` into
/// the cell's output. The log still gets it, and what other threads print goes only there. It is done once
/// in a session, whoever does it. A definition without a name takes no name such as `res0`.
pub const COPY_TO_THE_CELL: &str = r#"val () = {
  object InCell extends _root_.java.lang.InheritableThreadLocal[AnyRef]
  class Copy(log: _root_.java.io.PrintStream, cell: _root_.java.io.PrintStream) extends _root_.java.io.OutputStream {
    override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)
    override def write(bytes: Array[Byte], start: Int, length: Int): Unit = {
      log.write(bytes, start, length)
      // Spark clears its progress bar with spaces between two returns.
      val isCleared = length > 1 && bytes(start) == '\r' && bytes.slice(start + 1, start + length - 1).forall(_ == ' ')
      if (InCell.get != null && !isCleared) cell.write(bytes, start, length)
    }
    override def flush(): Unit = log.flush()
  }
  val name = "output of cells"
  def copied(log: _root_.java.io.PrintStream) =
    new _root_.java.io.PrintStream(new Copy(log, _root_.scala.Console.out), true, "UTF-8") { override def toString = name }
  if (_root_.java.lang.System.out.toString != name) {
    InCell.set(InCell)
    _root_.java.lang.System.setOut(copied(_root_.java.lang.System.out))
    _root_.java.lang.System.setErr(copied(_root_.java.lang.System.err))
    // By its name, since its visibility differs between versions of Scala.
    val setErr = _root_.scala.Console.getClass.getMethod("setErrDirect", classOf[_root_.java.io.PrintStream])
    setErr.invoke(_root_.scala.Console, _root_.java.lang.System.err)
    () // What Java returns is null, which is not ().
  }
}"#;
