//! The state of widgets, which a notebook has in its metadata, so that they can be shown without the kernel:
//! <https://ipywidgets.readthedocs.io/en/stable/embedding.html>. It is collected as in nbclient. Pure.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// The name of the format in the notebook's metadata.
const FORMAT: &str = "application/vnd.jupyter.widget-state+json";

/// The states of the widgets that cells have made.
#[derive(Default)]
pub struct WidgetState(BTreeMap<String, Model>);

#[derive(Default)]
struct Model {
    state: Map<String, Value>,
    /// The bytes that belong to the state, by their places in it.
    buffers: BTreeMap<String, Value>,
}

impl WidgetState {
    /// Reads what an earlier run has written.
    pub fn of_metadata(metadata: &Value) -> Self {
        let models = metadata[FORMAT]["state"].as_object().into_iter().flatten();
        let read = |(id, model): (&String, &Value)| {
            let buffers = model["buffers"].as_array().into_iter().flatten();
            let buffers = buffers.map(|buffer| (buffer["path"].to_string(), buffer.clone()));
            let state = model["state"].as_object().cloned().unwrap_or_default();
            (id.clone(), Model { state, buffers: buffers.collect() })
        };
        Self(models.map(read).collect())
    }

    /// Takes what a message of a comm says of a state.
    pub fn apply(&mut self, content: &Value, buffers: &[impl AsRef<[u8]>]) {
        let (Some(id), Some(state)) =
            (content["comm_id"].as_str(), content["data"]["state"].as_object())
        else {
            return;
        };
        let model = self.0.entry(id.to_owned()).or_default();
        model.state.extend(state.clone());
        let paths = content["data"]["buffer_paths"].as_array().into_iter().flatten();
        for (path, bytes) in paths.zip(buffers) {
            let buffer =
                json!({"path": path, "data": STANDARD.encode(bytes), "encoding": "base64"});
            model.buffers.insert(path.to_string(), buffer);
        }
    }

    /// What the notebook's metadata have; none if there are no widgets.
    pub fn metadata(&self) -> Option<Value> {
        let widgets = self.0.iter().filter(|(_, model)| model.state.contains_key("_model_name"));
        let state: Map<_, _> = widgets.map(|(id, model)| (id.clone(), model.metadata())).collect();
        let is_empty = state.is_empty();
        let all = json!({FORMAT: {"state": state, "version_major": 2, "version_minor": 0}});
        (!is_empty).then_some(all)
    }
}

impl Model {
    fn metadata(&self) -> Value {
        let named = |name: &str| self.state.get(name).cloned().unwrap_or_default();
        let mut model = json!({
            "model_name": named("_model_name"),
            "model_module": named("_model_module"),
            "model_module_version": named("_model_module_version"),
            "state": self.state,
        });
        if !self.buffers.is_empty() {
            model["buffers"] = self.buffers.values().cloned().collect();
        }
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_BUFFERS: [&[u8]; 0] = [];

    #[test]
    fn a_widget_has_its_newest_state_and_bytes() {
        let mut widgets = WidgetState::default();
        let open = json!({"comm_id": "a", "target_name": "jupyter.widget",
            "data": {"state": {"_model_name": "M", "value": 1}, "buffer_paths": [["image"]]}});
        widgets.apply(&open, &[b"1"]);
        let update = json!({"comm_id": "a", "data": {"method": "update", "state": {"value": 2}}});
        widgets.apply(&update, &NO_BUFFERS);
        widgets.apply(&json!({"comm_id": "a", "data": {"method": "custom"}}), &NO_BUFFERS);
        let metadata = widgets.metadata().unwrap();
        let expected = json!({"model_name": "M", "model_module": null, "model_module_version": null,
            "state": {"_model_name": "M", "value": 2},
            "buffers": [{"path": ["image"], "data": "MQ==", "encoding": "base64"}]});
        assert_eq!(metadata[FORMAT]["state"]["a"], expected);
        assert_eq!(WidgetState::of_metadata(&metadata).metadata(), Some(metadata));
    }

    #[test]
    fn a_comm_that_is_no_widget_leaves_nothing() {
        let mut widgets = WidgetState::of_metadata(&Value::Null);
        widgets.apply(&json!({"comm_id": "a", "data": {"state": {"x": 1}}}), &NO_BUFFERS);
        assert_eq!(widgets.metadata(), None);
    }
}
