//! What a policy allows sessions and batches, and what it sets for them. Pure.

use livy_client::{SessionProperties, time};

use crate::policy::{
    ability::Ability,
    error::PolicyError,
    limits::Comparison,
    names::{Asked, asked, name_of},
    quantity::Time,
    rules::Rules,
};

/// The beginnings of properties that bring code into a session or batch.
const BRING_CODE: [&str; 12] = [
    "spark.archives",
    "spark.driver.extraclasspath",
    "spark.driver.extralibrarypath",
    "spark.executor.extraclasspath",
    "spark.executor.extralibrarypath",
    "spark.files",
    "spark.jars",
    "spark.repl.local.jars",
    "spark.sql.hive.metastore.jars",
    "spark.submit.pyfiles",
    "spark.yarn.archive",
    "spark.yarn.jars",
];
/// What the names of properties of Kubernetes that do so have in them.
const CODE_OF_PODS: [&str; 2] = ["container.image", "podtemplatefile"];

/// The ends of properties with options of Java, among which options of Spark can hide.
const JAVA_OPTIONS: [&str; 2] = ["extrajavaoptions", "defaultjavaoptions"];
/// What such options must not have: options of Spark, the size of the heap, files with more options, and
/// Spark's own references to other properties.
const HIDDEN: [&str; 6] =
    ["-dspark", "-xmx", "-xx:maxheapsize", "-xx:flags", "-xx:vmoptionsfile", "${"];

/// Limits the executors that are added as they are needed, which by default are not limited.
const MAX_EXECUTORS: &str = "spark.dynamicAllocation.maxExecutors";

impl Rules {
    /// Checks what a session asks for.
    ///
    /// # Errors
    ///
    /// It asks for too much, for something that is forbidden, or for something else than what is set.
    pub fn check_session(&self, new: &SessionProperties) -> Result<(), PolicyError> {
        if !self.restricts_sessions() {
            return Ok(());
        }
        let asked = asked(new);
        for asked in &asked {
            self.check_plain(asked)?;
            self.check_code(asked)?;
            self.check_set(asked)?;
        }
        self.max.check(&Comparison { asked: &asked, source: &self.source })
    }

    /// Adds what the policy sets, and the limits that would not hold if nothing were said.
    pub fn filled_in(&self, new: SessionProperties) -> SessionProperties {
        let mut conf = new.conf;
        conf.extend(self.force.conf.clone());
        if let Some(most) = self.max.num_executors {
            let asked = conf.get(MAX_EXECUTORS).and_then(|number| number.trim().parse().ok());
            let most = asked.unwrap_or(most).min(most);
            conf.insert(MAX_EXECUTORS.to_owned(), most.to_string());
        }
        SessionProperties {
            proxy_user: self.force.proxy_user.clone().or(new.proxy_user),
            queue: self.force.queue.clone().or(new.queue),
            ttl: shorter(new.ttl, self.max.ttl.as_ref()),
            idle_timeout: shorter(new.idle_timeout, self.max.idle_timeout.as_ref()),
            conf,
            ..new
        }
    }

    fn restricts_sessions(&self) -> bool {
        self.forbids(Ability::Jars) || !self.max.is_empty() || !self.force.is_empty()
    }

    /// A name or an option that Spark reads as another one would get around everything else.
    fn check_plain(&self, asked: &Asked) -> Result<(), PolicyError> {
        let Asked { key, name, value } = asked;
        if key.contains(|c: char| c == '=' || !c.is_ascii_graphic()) {
            let what = format!("is no name of a property, and {} refuses it", self.source);
            return Err(PolicyError::new(&format!("{key:?}"), what));
        }
        if value.contains(char::is_control) {
            let what = format!("has several lines, which {} refuses", self.source);
            return Err(PolicyError::new(key, what));
        }
        let has_options = JAVA_OPTIONS.iter().any(|end| name.ends_with(end));
        match hidden_in(value).filter(|_| has_options) {
            Some(hidden) => {
                let what = format!("has {hidden}, which {} does not allow there", self.source);
                Err(PolicyError::new(key, what))
            }
            None => Ok(()),
        }
    }

    fn check_code(&self, asked: &Asked) -> Result<(), PolicyError> {
        let name = &asked.name;
        let is_of_pods = name.starts_with("spark.kubernetes.")
            && CODE_OF_PODS.iter().any(|part| name.contains(part));
        match is_of_pods || BRING_CODE.iter().any(|begin| name.starts_with(begin)) {
            true => self.check(Ability::Jars, &format!("{} {}", asked.key, asked.shown())),
            false => Ok(()),
        }
    }

    /// Checks that nothing else is asked for than what the policy sets.
    fn check_set(&self, asked: &Asked) -> Result<(), PolicyError> {
        let set = self.force.all().find(|(key, _)| name_of(key) == asked.name);
        match set.filter(|(_, value)| *value != asked.value.trim()) {
            Some(_) => {
                let what = format!("{} is not what {} sets", asked.shown(), self.source);
                Err(PolicyError::new(&asked.key, what))
            }
            None => Ok(()),
        }
    }
}

/// Finds what could be an option of Spark's among those of Java.
fn hidden_in(options: &str) -> Option<&'static str> {
    let options = options.to_ascii_lowercase();
    let mut words = options.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let hidden = HIDDEN.iter().copied().find(|hidden| options.contains(hidden));
    hidden.or_else(|| words.any(|word| word.starts_with('@')).then_some("@"))
}

/// The shorter of two times; what is set is taken if nothing is asked for.
fn shorter(asked: Option<String>, limit: Option<&Time>) -> Option<String> {
    let Some(limit) = limit else { return asked };
    let is_within = |asked: &String| time::parse(asked).is_some_and(|time| time <= limit.length);
    asked.filter(is_within).or_else(|| Some(limit.text.clone()))
}
