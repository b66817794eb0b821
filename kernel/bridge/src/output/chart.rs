//! Draws rows as a Vega-Lite chart (<https://vega.github.io/vega-lite/docs/>), which JupyterLab and
//! VS Code display without an extension; terminals show the rows.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::output::{
    cell_output::PLAIN,
    table::{Column, Table},
};

/// The MIME type that JupyterLab and VS Code know.
const VEGA_LITE: &str = "application/vnd.vegalite.v5+json";
const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";
/// A grey that is readable on white and on black.
const INK: &str = "#888";

/// The kind of a chart, and the columns that it draws.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ChartSpec {
    kind: Kind,
    x: String,
    y: Option<String>,
    color: Option<String>,
    /// The width of a histogram's bars, in units of x.
    step: Option<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bar,
    Line,
    Area,
    Scatter,
    Pie,
    Hist,
}

/// A bundle of the chart and of its rows, which terminals show.
pub fn bundle(spec: &ChartSpec, table: &Table, is_cut: bool) -> Map<String, Value> {
    let mut chart = spec.vega_lite(table);
    if is_cut {
        chart["title"] = table.note.clone().into();
    }
    Map::from_iter([(VEGA_LITE.to_owned(), chart), (PLAIN.to_owned(), table.to_text().into())])
}

impl ChartSpec {
    fn vega_lite(&self, table: &Table) -> Value {
        json!({
            "$schema": SCHEMA,
            "data": {"values": table.rows.iter().map(|row| self.point(table, row)).collect::<Vec<_>>()},
            "mark": self.mark(),
            "encoding": self.encoding(table),
            "width": 480,
            "height": 280,
            "background": "transparent",
            "config": {
                "view": {"stroke": "transparent"},
                "axis": {"labelColor": INK, "titleColor": INK, "gridColor": "#8884", "domainColor": INK,
                    "tickColor": INK},
                "legend": {"labelColor": INK, "titleColor": INK},
                "title": {"color": INK, "fontSize": 12, "fontWeight": "normal", "anchor": "start"},
            },
        })
    }

    /// The columns by names of our own, since Vega reads a dot in a name as a path.
    fn axes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let axes = [("x", Some(&self.x)), ("y", self.y.as_ref()), ("color", self.color.as_ref())];
        axes.into_iter().filter_map(|(axis, name)| Some((axis, name?.as_str())))
    }

    fn point(&self, table: &Table, row: &[Value]) -> Value {
        let mut point = Map::new();
        for (axis, name) in self.axes() {
            let found = table.columns.iter().zip(row).find(|(column, _)| column.name == name);
            if let Some((column, value)) = found {
                point.insert(axis.to_owned(), drawable(column, value));
            }
        }
        if let (Some(step), Some(start)) = (self.step, point.get("x").and_then(Value::as_f64)) {
            point.insert("end".to_owned(), (start + step).into());
        }
        point.into()
    }

    fn mark(&self) -> Value {
        match self.kind {
            Kind::Bar | Kind::Hist => json!({"type": "bar", "tooltip": true}),
            Kind::Line => json!({"type": "line", "tooltip": true, "point": true}),
            Kind::Area => json!({"type": "area", "tooltip": true, "opacity": 0.7}),
            Kind::Scatter => json!({"type": "point", "tooltip": true}),
            Kind::Pie => json!({"type": "arc", "tooltip": true}),
        }
    }

    fn encoding(&self, table: &Table) -> Value {
        let channels = self.axes().map(|(axis, name)| {
            let column = table.columns.iter().find(|column| column.name == name);
            (axis.to_owned(), channel(axis, name, column))
        });
        let mut channels: Map<String, Value> = channels.collect();
        match self.kind {
            Kind::Pie => return slices(channels),
            Kind::Bar => discrete_x(&mut channels["x"]),
            Kind::Hist => {
                channels["x"]["bin"] = "binned".into();
                channels.insert("x2".to_owned(), json!({"field": "end"}));
            }
            Kind::Line | Kind::Area | Kind::Scatter => {}
        }
        channels.into()
    }
}

/// A pie has a slice for each x, with y as its angle. The slices keep the order of the rows, which
/// begin with the largest.
fn slices(mut channels: Map<String, Value>) -> Value {
    let mut slices = Map::new();
    slices.extend(channels.remove("y").map(|y| ("theta".to_owned(), y)));
    slices.extend(channels.remove("x").map(|mut x| {
        x["type"] = "nominal".into();
        x["sort"] = Value::Null;
        ("color".to_owned(), x)
    }));
    slices.into()
}

/// Bars keep the order of the rows. Each number has a bar, and numbers without a row have none.
fn discrete_x(x: &mut Value) {
    match x["type"].as_str() {
        Some("nominal") => x["sort"] = Value::Null,
        Some("quantitative") => x["type"] = "ordinal".into(),
        _ => {}
    }
}

fn channel(axis: &str, name: &str, column: Option<&Column>) -> Value {
    let r#type = match column {
        Some(column) if column.is_numeric() => "quantitative",
        Some(column) if column.is_temporal() => "temporal",
        _ => "nominal",
    };
    json!({"field": axis, "title": name, "type": r#type})
}

/// A value in the form that Vega draws: a decimal comes as text and becomes a number, and a time has
/// no zone, or the browser would shift it.
fn drawable(column: &Column, value: &Value) -> Value {
    match value {
        Value::String(text) if column.is_numeric() => {
            text.parse::<f64>().map_or(Value::Null, Value::from)
        }
        Value::String(text) if column.r#type == "date" => format!("{}T00:00:00", time(text)).into(),
        Value::String(text) if column.is_temporal() => time(text).replacen(' ', "T", 1).into(),
        Value::Object(_) | Value::Array(_) => value.to_string().into(),
        value => value.clone(),
    }
}

/// A time with a year as JavaScript reads it: years outside of 0 to 9999 have a sign and six digits.
fn time(text: &str) -> String {
    let signed = text.strip_prefix('+').map(|rest| ('+', rest));
    let signed = signed.or_else(|| text.strip_prefix('-').map(|rest| ('-', rest)));
    match signed.and_then(|(sign, rest)| Some((sign, rest.split_once('-')?))) {
        Some((sign, (year, rest))) => format!("{sign}{year:0>6}-{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(json: Value) -> Value {
        let spec: ChartSpec = serde_json::from_value(json).unwrap();
        let column =
            |(name, r#type): (&str, &str)| Column { name: name.into(), r#type: r#type.into() };
        let columns =
            [("a.b", "string"), ("n", "decimal(4,2)"), ("day", "date")].map(column).into();
        let row = vec![json!("x"), json!("1.50"), json!("2024-01-02")];
        spec.vega_lite(&Table { columns, rows: vec![row], note: "1 row".to_owned() })
    }

    #[test]
    fn columns_become_channels_by_their_types() {
        let chart = drawn(json!({"kind": "bar", "x": "a.b", "y": "n"}));
        assert_eq!(chart["data"]["values"], json!([{"x": "x", "y": 1.5}]));
        let x = json!({"field": "x", "title": "a.b", "type": "nominal", "sort": null});
        assert_eq!(chart["encoding"]["x"], x);
        assert_eq!(chart["encoding"]["y"]["type"], "quantitative");
        let line = drawn(json!({"kind": "line", "x": "day", "y": "n", "color": "a.b"}));
        assert_eq!(line["data"]["values"][0]["x"], "2024-01-02T00:00:00");
        assert_eq!(line["encoding"]["x"]["type"], "temporal");
        assert!(line["encoding"]["color"].is_object());
    }

    #[test]
    fn years_of_any_length_are_drawn() {
        let years = ["2024-01-02 03:04:05", "+10000-01-02", "-0044-03-15"].map(time);
        assert_eq!(years, ["2024-01-02 03:04:05", "+010000-01-02", "-000044-03-15"]);
    }

    #[test]
    fn a_pie_has_slices_and_a_histogram_ranges() {
        let pie = drawn(json!({"kind": "pie", "x": "a.b", "y": "n"}));
        assert_eq!(pie["encoding"]["theta"]["field"], "y");
        assert_eq!(pie["encoding"]["color"]["field"], "x");
        let hist = drawn(json!({"kind": "hist", "x": "n", "y": "n", "step": 0.5}));
        assert_eq!(hist["data"]["values"][0], json!({"x": 1.5, "y": 1.5, "end": 2.0}));
        assert_eq!(hist["encoding"]["x"]["bin"], "binned");
    }
}
