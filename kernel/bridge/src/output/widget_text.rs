//! Recognizes the text of a widget, which is all that a session without the agent gives of it.

/// The classes of ipywidgets 8, and what `interact` shows.
const CLASSES: [&str; 57] = [
    "Accordion",
    "AppLayout",
    "Audio",
    "BoundedFloatText",
    "BoundedIntText",
    "Box",
    "Button",
    "Checkbox",
    "ColorPicker",
    "ColorsInput",
    "Combobox",
    "Controller",
    "DatePicker",
    "DatetimePicker",
    "Dropdown",
    "FileUpload",
    "FloatLogSlider",
    "FloatProgress",
    "FloatRangeSlider",
    "FloatSlider",
    "FloatText",
    "FloatsInput",
    "GridBox",
    "GridspecLayout",
    "HBox",
    "HTML",
    "HTMLMath",
    "Image",
    "IntProgress",
    "IntRangeSlider",
    "IntSlider",
    "IntText",
    "IntsInput",
    "Label",
    "NaiveDatetimePicker",
    "Output",
    "Password",
    "Play",
    "RadioButtons",
    "Select",
    "SelectMultiple",
    "SelectionRangeSlider",
    "SelectionSlider",
    "Stack",
    "Tab",
    "TagsInput",
    "Text",
    "Textarea",
    "TimePicker",
    "ToggleButton",
    "ToggleButtons",
    "TwoByTwoLayout",
    "VBox",
    "Valid",
    "Video",
    "interactive",
    "interactive_output",
];

/// Whether a line of the text is a widget's, such as `IntSlider(value=3)`.
pub fn has_widget(text: &str) -> bool {
    text.lines().any(is_widget)
}

/// Other classes have these names, too (Matplotlib's `Text(0.5, 1.0, 'title')`), but widgets name all arguments.
fn is_widget(line: &str) -> bool {
    let Some((class, arguments)) = line.split_once('(') else { return false };
    let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let names_argument = arguments.split_once('=').is_some_and(|(name, _)| is_name(name));
    CLASSES.contains(&class) && (names_argument || arguments == ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_widget_is_recognized_among_other_lines() {
        for text in [
            "IntSlider(value=3)",
            "printed\nHBox(children=(IntSlider(value=0), Label(value='x')))",
            "Output()\n",
            "interactive(children=(IntSlider(value=2, description='n', max=5), Output()), _dom_classes=('widget-interact',))",
        ] {
            assert!(has_widget(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_widgets() {
        for text in
            ["", "Text(0.5, 1.0, 'x=1')", "Row(value=3)", "Label(3)", "IntSlider", "a Box()"]
        {
            assert!(!has_widget(text), "{text}");
        }
    }
}
