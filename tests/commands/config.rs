use std::{fs, path::Path, process::Output};

use super::{command, finished, stdout};
use crate::support::SECRET;

/// Runs `config` with this text in the settings file.
async fn config(text: &str, arguments: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("livy-kernel.toml");
    fs::write(&path, text).unwrap();
    let mut command = command("", &[&["config"], arguments].concat());
    command.env_remove("LIVY_URL").env("LIVY_KERNEL_CONFIG", path).env("LIVY_PATIENCE", "5m");
    (finished(command).await, folder)
}

fn without_folder(output: &Output, folder: &Path) -> String {
    stdout(output).replace(folder.to_str().unwrap(), "FOLDER")
}

#[tokio::test]
async fn each_value_is_shown_with_its_source_and_without_secrets() {
    let text = format!(
        "url = \"https://ada:{SECRET}@livy.example/x\"\ntoken = \"{SECRET}\"\n[session]\n\
         driverMemory = \"2g\"\nconf = {{ \"my.password\" = \"{SECRET}\" }}\n\
         [profiles.prod]\nprogress = \"clear\"\n"
    );
    let (output, folder) = config(&text, &["show", "--profile", "prod"]).await;
    assert!(output.status.success());
    insta::assert_snapshot!(without_folder(&output, folder.path()), @r#"
    FOLDER/livy-kernel.toml, profile prod
    KEY                   VALUE                                  FROM
    url                   https://livy.example/x                 line 1
    token                 (not shown)                            line 2
    progress              clear                                  line 7, profile prod
    patience              5m                                     the environment
    session.conf          {"my.password":"*********(redacted)"}  the file
    session.driverMemory  "2g"                                   the file
    "#);
}

#[tokio::test]
async fn each_mistake_is_listed_with_its_line() {
    let text = "urk = \"http://a\"\nagent = \"perhaps\"\n[profiles.prod]\nurl = \"ftp://b\"\n";
    let (output, folder) = config(text, &["check"]).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(without_folder(&output, folder.path()), @"
    FOLDER/livy-kernel.toml, line 1: urk is not a setting; did you mean url?
    FOLDER/livy-kernel.toml: agent (line 2 of livy-kernel.toml) must be one of auto, always, never
    FOLDER/livy-kernel.toml: url (line 4 of livy-kernel.toml) does not name a Livy server: it starts with ftp:, but Livy is reached by http: or https:
    ");
    let (output, folder) = config("progress = \"clear\"\n", &["check"]).await;
    assert!(output.status.success());
    insta::assert_snapshot!(without_folder(&output, folder.path()), @"FOLDER/livy-kernel.toml has no mistakes");
}
