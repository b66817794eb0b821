use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;

fn read<T: DeserializeOwned>(content: Value) -> T {
    serde_json::from_value(content).unwrap()
}

#[track_caller]
fn says(content: &impl Serialize, expected: Value) {
    assert_eq!(serde_json::to_value(content).unwrap(), expected);
}

#[test]
fn an_execute_request_defaults_as_the_specification_says() {
    let request: ExecuteRequest = read(json!({"code": "1"}));
    assert_eq!(request.code, "1");
    assert!(!request.silent);
    assert!(request.store_history && request.allow_stdin && request.stop_on_error);
    assert!(request.user_expressions.is_empty());
}

#[test]
fn a_silent_execute_request_is_never_stored() {
    let request: ExecuteRequest = read(json!({"silent": true, "store_history": true}));
    assert!(!request.store_history);
    let request: ExecuteRequest = read(json!({"silent": false, "store_history": false}));
    assert!(!request.store_history);
}

#[test]
fn every_request_may_be_empty() {
    assert_eq!(read::<CompleteRequest>(json!({})).cursor_pos, 0);
    assert_eq!(read::<InspectRequest>(json!({})).detail_level, 0);
    assert_eq!(read::<IsCompleteRequest>(json!({})).code, "");
    assert_eq!(read::<CommInfoRequest>(json!({})).target_name, None);
    assert_eq!(read::<CommOpen>(json!({})).comm_id, "");
    assert!(!read::<ShutdownRequest>(json!({})).restart);
    let history: HistoryRequest = read(json!({}));
    assert!(history.raw && !history.output && !history.unique);
    assert_eq!(history.hist_access_type, HistAccessType::Range);
    assert_eq!((history.session, history.start, history.stop, history.n), (0, 0, None, None));
}

#[test]
fn a_cursor_outside_the_code_is_read() {
    assert_eq!(read::<CompleteRequest>(json!({"code": "", "cursor_pos": -1})).cursor_pos, -1);
    assert_eq!(read::<InspectRequest>(json!({"cursor_pos": -1})).cursor_pos, -1);
}

#[test]
fn an_execute_reply_carries_its_status_and_count() {
    let ok = json!({"status": "ok", "execution_count": 3, "payload": [], "user_expressions": {}});
    says(&ExecuteReply::ok(3), ok);
    says(
        &ExecuteReply::Error {
            execution_count: 3,
            ename: "E".into(),
            evalue: "v".into(),
            traceback: vec!["t".into()],
        },
        json!({"status": "error", "execution_count": 3, "ename": "E", "evalue": "v", "traceback": ["t"]}),
    );
    says(
        &ExecuteReply::Aborted { execution_count: 3 },
        json!({"status": "aborted", "execution_count": 3}),
    );
}

#[test]
fn replies_carry_their_status() {
    says(&InterruptReply {}, json!({"status": "ok"}));
    says(&ShutdownReply { restart: true }, json!({"status": "ok", "restart": true}));
    says(&CommInfoReply::default(), json!({"status": "ok", "comms": {}}));
    says(
        &CompleteReply::none(4),
        json!({"status": "ok", "matches": [], "cursor_start": 4, "cursor_end": 4, "metadata": {}}),
    );
    says(
        &InspectReply::none(),
        json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
    );
    says(
        &ErrorReply::new("E", "v"),
        json!({"status": "error", "ename": "E", "evalue": "v", "traceback": []}),
    );
}

#[test]
fn a_kernel_info_reply_names_the_protocol() {
    let language_info = LanguageInfo {
        name: "python".into(),
        version: "3".into(),
        mimetype: "text/x-python".into(),
        file_extension: ".py".into(),
        pygments_lexer: "python".into(),
        codemirror_mode: json!({"name": "ipython", "version": 3}),
    };
    let reply = KernelInfoReply::new("k", "1", language_info, "hello");
    let reply = serde_json::to_value(&reply).unwrap();
    assert_eq!(reply["status"], "ok");
    assert_eq!(reply["protocol_version"], "5.5");
    assert_eq!(reply["language_info"]["codemirror_mode"]["version"], 3);
    assert_eq!((&reply["help_links"], &reply["supported_features"]), (&json!([]), &json!([])));
}

#[test]
fn an_is_complete_reply_has_an_indent_only_if_more_is_needed() {
    says(&IsCompleteReply::new(Completeness::Unknown), json!({"status": "unknown"}));
    says(&IsCompleteReply::incomplete("    "), json!({"status": "incomplete", "indent": "    "}));
}

#[test]
fn a_history_reply_has_pairs_only_where_outputs_were_asked_for() {
    let history = vec![
        (0, 1, HistoryEntry::Input("a".into())),
        (0, 2, HistoryEntry::InputOutput("b".into(), Some("c".into()))),
        (-1, 3, HistoryEntry::InputOutput("d".into(), None)),
    ];
    says(
        &HistoryReply { history },
        json!({"status": "ok", "history": [[0, 1, "a"], [0, 2, ["b", "c"]], [-1, 3, ["d", null]]]}),
    );
}

#[test]
fn a_usage_reply_has_what_is_known() {
    let usage = Map::from_iter([("pid".to_owned(), json!(7))]);
    says(&UsageReply { usage }, json!({"status": "ok", "pid": 7}));
}

#[test]
fn outputs_read_as_the_specification_writes_them() {
    says(&Stream::stderr("x"), json!({"name": "stderr", "text": "x"}));
    says(
        &Status { execution_state: ExecutionState::Starting },
        json!({"execution_state": "starting"}),
    );
    says(&DisplayData::default(), json!({"data": {}, "metadata": {}, "transient": {}}));
    let data = Map::from_iter([("text/plain".to_owned(), json!("1"))]);
    says(
        &UpdateDisplayData { data, transient: Transient::id("7"), ..Default::default() },
        json!({"data": {"text/plain": "1"}, "metadata": {}, "transient": {"display_id": "7"}}),
    );
    says(&CommClose::new("c"), json!({"comm_id": "c", "data": {}}));
}
