use super::*;
use crate::{
    settings::{Target, with_file},
    terminal::doctor::report::Finding,
};

/// A configuration that a seed chooses, and the secrets that were planted in it.
struct Planted {
    seed: u64,
    random: fastrand::Rng,
    secrets: Vec<String>,
    text: String,
    environment: Vec<(String, String)>,
}

impl Planted {
    fn of(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let mut this = Self {
            seed,
            random,
            secrets: Vec::new(),
            text: String::new(),
            environment: Vec::new(),
        };
        this.plant();
        this
    }

    /// A new secret: letters and digits, and sometimes signs that addresses and JSON escape.
    fn secret(&mut self) -> String {
        let signs = if self.random.bool() { "aB9" } else { "a%Ü+=" };
        let signs: Vec<char> = signs.chars().collect();
        let length = self.random.usize(4..20);
        let tail: String = (0..length).map(|_| *self.random.choice(&signs).unwrap()).collect();
        let secret = format!("S{}x{tail}", self.secrets.len());
        self.secrets.push(secret.clone());
        secret
    }

    fn encoded(&mut self) -> String {
        let secret = self.secret();
        percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
    }

    fn line(&mut self, line: String) {
        self.text += &(line + "\n");
    }

    fn plant(&mut self) {
        self.top();
        self.session();
        if self.random.bool() {
            self.line("[profiles.other]".to_owned());
            self.top();
        }
        let secret = self.secret();
        self.environment.push(("AWS_SECRET_ACCESS_KEY".to_owned(), secret));
        let (login, token) = (self.encoded(), self.secret());
        self.environment.push(("https_proxy".to_owned(), format!("http://me:{login}@proxy:3128")));
        if self.random.bool() {
            self.environment.push(("LIVY_TOKEN".to_owned(), token));
        }
    }

    fn top(&mut self) {
        for _ in 0..4 {
            let line = match self.random.u8(0..10) {
                0 => format!("url = \"https://me:{}@livy.example:8998/a\"", self.encoded()),
                1 => format!("url = \"ftp://me:{}@livy.example\"", self.encoded()),
                2 => format!("url = \"me:{}@livy.example\"", self.encoded()),
                3 => format!("token = \"{}\"", self.secret()),
                4 => format!("token = {}", self.secret()),
                5 => format!("headers = {{ X-Key = \"{}\" }}", self.secret()),
                6 => format!("token_command = [\"echo\", \"{}\"]", self.secret()),
                7 => format!("auth = \"{}\"", self.secret()),
                8 => format!("pasword = \"{}\"", self.secret()),
                _ => format!("do_as = \"{}\"", self.secret()),
            };
            self.line(line);
        }
    }

    fn session(&mut self) {
        self.line("[session]".to_owned());
        let secret = self.secret();
        self.line(format!("pyFiles = [\"https://store/a.zip?sig={secret}\"]"));
        self.line("[session.conf]".to_owned());
        for name in
            ["spark.hadoop.fs.s3a.secret.key", "spark.my.setting", "spark.executorEnv.PASSWORD"]
        {
            let secret = self.secret();
            self.line(format!("\"{name}\" = \"{secret}\""));
        }
        let options = self.secret();
        self.line(format!(
            "\"spark.driver.extraJavaOptions\" = \"-Xmx1g -Dstore.password={options}\""
        ));
    }

    /// The archive's files, where a server and the log repeat what a sloppy program would.
    fn files(&self) -> String {
        let variables: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let settings = with_file(&self.text, &variables);
        let mut report = Report::default();
        match settings.target() {
            Ok(Target::Remote { options, .. }) => {
                report.add("server", Finding::ok(options.endpoint.to_string()));
            }
            Ok(Target::Local { .. }) => {}
            Err(error) => report.add("settings", Finding::fail(error.to_string(), "correct it")),
        }
        let token = settings.get("LIVY_TOKEN").unwrap_or_default();
        report.add("answer", Finding::fail(format!("the server says: {token}"), ""));
        let log = format!(
            "Authorization: Bearer {token}\nurl {}\n",
            settings.get("LIVY_URL").unwrap_or_default()
        );
        let files = files(&settings, &report, &self.environment, &log);
        files.into_iter().map(|(name, text)| format!("{name}:\n{text}\n")).collect()
    }
}

#[test]
fn no_secret_of_a_thousand_configurations_is_in_the_archive() {
    for seed in 0..1000 {
        let planted = Planted::of(seed);
        let files = planted.files();
        for secret in &planted.secrets {
            let escaped = serde_json::json!(secret).to_string();
            for form in [secret.as_str(), escaped.trim_matches('"')] {
                assert!(
                    !files.contains(form),
                    "seed {}: {form} of\n{}\n\n{files}",
                    planted.seed,
                    planted.text
                );
            }
        }
        assert!(files.contains("livy-kernel") && files.contains("\"session\""), "{files}");
    }
}
