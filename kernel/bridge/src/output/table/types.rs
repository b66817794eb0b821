//! Names types as Spark's SQL does.

use serde_json::Value;

/// The name of a type in the schema of Livy's SQL, which has a name or an object of a nested type.
pub fn from_schema(json: &Value) -> String {
    match json.get("type") {
        Some(Value::String(kind)) => nested(kind, json),
        Some(element) => from_schema(element),
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
        "array" => format!("array<{}>", from_schema(&json["elementType"])),
        "map" => {
            format!("map<{},{}>", from_schema(&json["keyType"]), from_schema(&json["valueType"]))
        }
        "struct" => {
            let fields = json["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            let field = |field: &Value| {
                format!(
                    "{}:{}",
                    field["name"].as_str().unwrap_or_default(),
                    from_schema(&field["type"])
                )
            };
            format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => other.to_owned(),
    }
}

/// The name of a type in a heading of Livy's `%table`, such as `BIGINT_TYPE`.
pub fn from_livys_table(header: &Value) -> String {
    let name = header["type"].as_str().unwrap_or_default();
    name.strip_suffix("_TYPE").unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_named_as_in_spark() {
        assert_eq!(from_schema(&json!("long")), "bigint");
        assert_eq!(from_schema(&json!("decimal(10,2)")), "decimal(10,2)");
        let field = json!({"name": "a", "type": {"type": "array", "elementType": "integer"}});
        let nested = json!({"type": "map", "keyType": "string",
            "valueType": {"type": "struct", "fields": [field]}});
        assert_eq!(from_schema(&nested), "map<string,struct<a:array<int>>>");
        assert_eq!(from_livys_table(&json!({"type": "BIGINT_TYPE"})), "bigint");
        assert_eq!(from_schema(&Value::Null), "");
    }
}
