//! The makes of Livy servers, as far as their differences must be known beforehand. Most differences
//! (ids, status codes, states, missing fields) are tolerated without knowing the make.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::IgnoredAny;

use crate::{Endpoint, Feature, Id, Request, session};

/// A make of Livy server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Apache Livy itself.
    #[default]
    Livy,
    /// Livy behind Apache Knox, as on CDP.
    Knox,
    /// Livy on Azure HDInsight.
    HdInsight,
    /// Livy on Amazon EMR's EC2 machines.
    Emr,
    /// The Livy endpoint of Amazon EMR Serverless.
    EmrServerless,
    /// The Livy endpoint of Azure Synapse.
    Synapse,
    /// The Livy endpoint of Microsoft Fabric.
    Fabric,
    /// [Lighter](https://github.com/exacaster/lighter), Exacaster's server.
    Lighter,
}

impl Profile {
    /// All profiles with their names in settings.
    pub const ALL: [(&'static str, Self); 8] = [
        ("livy", Self::Livy),
        ("knox", Self::Knox),
        ("hdinsight", Self::HdInsight),
        ("emr", Self::Emr),
        ("emr-serverless", Self::EmrServerless),
        ("synapse", Self::Synapse),
        ("fabric", Self::Fabric),
        ("lighter", Self::Lighter),
    ];

    /// Reads a name, ignoring case.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, profile)| profile)
    }

    /// Guesses the make from the server's address.
    pub fn guess(endpoint: &Endpoint) -> Self {
        let host = endpoint.host();
        let path = endpoint.path();
        match () {
            () if host.ends_with(".azurehdinsight.net") => Self::HdInsight,
            () if host.ends_with(".azuresynapse.net") => Self::Synapse,
            () if host.ends_with(".fabric.microsoft.com") => Self::Fabric,
            () if host.contains(".emr-serverless-services.") => Self::EmrServerless,
            () if path.ends_with("/lighter/api") => Self::Lighter,
            () if path.contains("/cdp-proxy") || path.contains("/gateway/") => Self::Knox,
            () => Self::Livy,
        }
    }

    /// The headers that it demands.
    pub(crate) fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self == Self::Lighter {
            // Without it Lighter answers in its own format.
            let name = HeaderName::from_static("x-compatibility-mode");
            headers.insert(name, HeaderValue::from_static("sparkmagic"));
        }
        headers
    }

    /// The features that it is known to lack; others are noticed when they are used.
    pub(crate) fn missing_features(self) -> &'static [Feature] {
        use Feature::{AddFile, Completion, Jobs, Log, ResetTimeout, Version};
        match self {
            Self::Fabric => &[AddFile, Completion, Jobs, Log, Version],
            Self::Synapse => &[AddFile, Completion, Jobs, Log],
            Self::Lighter => &[AddFile, Completion, Jobs, ResetTimeout, Version],
            _ => &[ResetTimeout],
        }
    }

    /// Whether it accepts a session's name in place of its id, as Livy does since 0.6.
    pub(crate) fn knows_names(self) -> bool {
        matches!(self, Self::Livy | Self::Knox | Self::HdInsight | Self::Emr)
    }

    /// How long it may take to answer a request for a new session.
    pub fn session_answer_timeout(self) -> Duration {
        match self {
            // Its application may have to start first.
            Self::EmrServerless => Duration::from_secs(180),
            _ => session::CREATION_TIMEOUT,
        }
    }

    /// Returns the request that starts the idle timeout of a session again.
    pub fn keep_alive(self, session: &Id) -> Request<IgnoredAny> {
        match self {
            Self::Synapse => session::put_reset_timeout(session),
            Self::Fabric => session::post_reset_timeout(session),
            _ => session::connect(session).reply_as(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Profile) {
        assert_eq!(Profile::guess(&Endpoint::parse(address).unwrap()), expected, "{address}");
    }

    #[test]
    fn the_make_is_guessed_from_the_address() {
        check("http://livy.example:8998", Profile::Livy);
        check("https://c.azurehdinsight.net/livy", Profile::HdInsight);
        check(
            "https://w.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p",
            Profile::Synapse,
        );
        check(
            "https://api.fabric.microsoft.com/v1/workspaces/w/lakehouses/l/livyApi/versions/2023-12-01",
            Profile::Fabric,
        );
        check(
            "https://a.livy.emr-serverless-services.eu-west-1.amazonaws.com",
            Profile::EmrServerless,
        );
        check("https://h.example/lighter/api", Profile::Lighter);
        check("https://h.example/cdp-proxy-api/livy_for_spark3/", Profile::Knox);
    }

    #[test]
    fn each_profile_has_a_name() {
        for (name, profile) in Profile::ALL {
            assert_eq!(Profile::parse(&name.to_uppercase()), Some(profile));
        }
        assert_eq!(Profile::parse("hadoop"), None);
    }

    #[test]
    fn sessions_are_kept_alive_in_each_makes_way() {
        let asked = |profile: Profile| format!("{:?}", profile.keep_alive(&"7".into()));
        assert_eq!(asked(Profile::Livy), "Post /sessions/7/connect");
        assert_eq!(asked(Profile::Synapse), "Put /sessions/7/reset-timeout");
        assert_eq!(asked(Profile::Fabric), "Post /sessions/7/reset-timeout");
    }
}
