use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Channel, Frontend, Livy};

/// What VS Code runs before the first cell of a notebook for Python.
const START_UP: [&str; 4] = [
    "import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable); del _VSCODE_sys",
    "try:\n    import ipywidgets as _VSCODE_ipywidgets\nexcept:\n    pass",
    "__vsc_ipynb_file__ = \"/home/me/x.ipynb\"\n%matplotlib inline\ndef __VSCODE_inject_module():\n    pass",
    "%config Completer.use_jedi = False",
];

/// What it runs to complete.
const COMPLETE: &str = r#"def __jupyter_exec_background__():
    output = display({"application/vnd.vscode.bg.execution.3": ""}, raw=True, display_id=True)
    def do_implementation():
        return get_ipython().kernel.do_complete("spark.ra", 8)
    def bg_main():
        output.update({"application/vnd.vscode.bg.execution.3.result": do_implementation()}, raw=True)
    Thread(target=bg_main, daemon=True).start()
__jupyter_exec_background__()
del __jupyter_exec_background__"#;

/// What it runs to list variables.
const VARIABLES: &str = r#"def __jupyter_exec_background__():
    output = display({"application/vnd.vscode.bg.execution.3": ""}, raw=True, display_id=True)
    def do_implementation():
        variables= %who_ls
        return _VSCODE_getVariableDescriptions(variables)
    def bg_main():
        output.update({"application/vnd.vscode.bg.execution.3.result": do_implementation()}, raw=True)
    Thread(target=bg_main, daemon=True).start()
__jupyter_exec_background__()
del __jupyter_exec_background__"#;

/// Soon enough that nobody waits.
const AT_ONCE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn it_may_ask_who_the_kernel_is_on_both_channels() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for channel in Channel::BOTH {
        let done = frontend.ask(channel, "kernel_info_request", json!({})).await;
        assert_eq!(done.reply.content["language_info"]["name"], "python");
    }
}

#[tokio::test]
async fn its_own_code_is_answered_at_once_and_never_reaches_livy() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for code in START_UP {
        let begun = Instant::now();
        let done = frontend.run_with(code, json!({"store_history": false})).await;
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        done.is_ok();
        assert!(done.outputs().is_empty(), "{done:#?}");
        assert_eq!(done.reply.content["execution_count"], 0);
    }
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn its_variables_are_an_empty_list_before_the_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    let done = frontend.run_with(VARIABLES, json!({"store_history": false})).await;
    let [_, _, update] = &done.published[..] else { panic!("{done:#?}") };
    assert_eq!(
        update.content["data"],
        json!({"application/vnd.vscode.bg.execution.3.result": "[]"})
    );
    assert!(livy.sessions().await.is_empty());
}

#[tokio::test]
async fn its_background_completion_gets_the_displays_it_waits_for() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;

    let begun = Instant::now();
    let done = frontend.run_with(COMPLETE, json!({"store_history": false})).await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let [_, display, update] = &done.published[..] else { panic!("{done:#?}") };
    assert_eq!(display.msg_type(), "display_data");
    assert_eq!(display.content["data"], json!({"application/vnd.vscode.bg.execution.3": ""}));
    assert_eq!(update.msg_type(), "update_display_data");
    let reply = &update.content["data"]["application/vnd.vscode.bg.execution.3.result"];
    assert_eq!((&reply["matches"], &reply["cursor_start"]), (&json!([]), &json!(8)));
    let ids = [display, update].map(|message| &message.content["transient"]["display_id"]);
    assert!(ids[0].is_string() && ids[0] == ids[1], "{ids:?}");
    assert_eq!(livy.statements().await, 1);
}

#[tokio::test]
async fn a_persons_start_up_commands_and_other_languages_reach_livy() {
    let livy = Livy::start().await;
    let mut python = Frontend::ready("pyspark", &livy.url()).await;
    let done = python.run_with("echo mine", json!({"store_history": false})).await;
    assert_eq!(done.text(), "mine");
    drop(python);
    livy.delete_sessions().await;

    let mut scala = Frontend::open("spark", &livy.url()).await;
    let done = scala.run_with("echo _VSCODE_", json!({"store_history": false})).await;
    assert_eq!(done.text(), "_VSCODE_");
}

#[tokio::test]
async fn its_interrupt_is_answered_and_the_cell_ends_in_time() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    let mut cell = frontend.execute_with("sleep 30", json!({"stop_on_error": false})).await;
    livy.until_statements(2).await;

    let begun = Instant::now();
    let done = frontend.ask(Channel::Control, "interrupt_request", json!({})).await;
    assert_eq!(done.status(), "ok");
    cell.end().await.error().says("KeyboardInterrupt", &[]);
    // After ten seconds it proposes a restart.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn its_cursors_count_utf16_and_may_lie_behind_the_code() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::open("pyspark", &livy.url()).await;
    for msg_type in ["complete_request", "inspect_request"] {
        let asked = json!({"code": "\"😀😀\"", "cursor_pos": 6, "detail_level": 0});
        assert_eq!(frontend.ask(Channel::Shell, msg_type, asked).await.status(), "ok");
    }
    let asked = json!({"code": "\"😀😀\"", "cursor_pos": 6});
    let done = frontend.ask(Channel::Shell, "complete_request", asked).await;
    assert_eq!(done.reply.content["cursor_end"], 4);
}

#[tokio::test]
async fn its_signal_to_the_process_group_ends_the_session() {
    let livy = Livy::start().await;
    let mut frontend = Frontend::ready("pyspark", &livy.url()).await;
    frontend.kernel.signal_group("TERM");
    let status = frontend.kernel.exits_within(Duration::from_millis(2500)).await;
    assert!(status.success(), "{status}");
    assert!(livy.sessions().await.is_empty());
}
