//! The names of types, as Spark's SQL writes them.

use serde_json::Value;

/// Of the JSON that Livy's SQL sends: a name, or an object of a nested type.
pub fn simple(json: &Value) -> String {
    match json.get("type") {
        Some(Value::String(kind)) => nested(kind, json),
        Some(element) => simple(element),
        None => match json.as_str().unwrap_or_default() {
            "long" => "bigint",
            "integer" => "int",
            "short" => "smallint",
            "byte" => "tinyint",
            name => name,
        }
        .to_owned(),
    }
}

fn nested(kind: &str, json: &Value) -> String {
    match kind {
        "array" => format!("array<{}>", simple(&json["elementType"])),
        "map" => format!("map<{},{}>", simple(&json["keyType"]), simple(&json["valueType"])),
        "struct" => {
            let fields = json["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            let field = |field: &Value| {
                format!("{}:{}", field["name"].as_str().unwrap_or_default(), simple(&field["type"]))
            };
            format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => other.to_owned(),
    }
}

/// Of a heading of `%table`: `BIGINT_TYPE`, and so on.
pub fn of_livys_table(header: &Value) -> String {
    let name = header["type"].as_str().unwrap_or_default();
    name.strip_suffix("_TYPE").unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_named_as_in_spark() {
        assert_eq!(simple(&json!("long")), "bigint");
        assert_eq!(simple(&json!("decimal(10,2)")), "decimal(10,2)");
        let field = json!({"name": "a", "type": {"type": "array", "elementType": "integer"}});
        let nested = json!({"type": "map", "keyType": "string",
            "valueType": {"type": "struct", "fields": [field]}});
        assert_eq!(simple(&nested), "map<string,struct<a:array<int>>>");
        assert_eq!(of_livys_table(&json!({"type": "BIGINT_TYPE"})), "bigint");
        assert_eq!(simple(&Value::Null), "");
    }
}
