//! Whose Livy it is: how the makers of Livy endpoints differ where that must be known beforehand.
//! Most differences (ids, status codes, states, missing fields) are borne without asking.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::IgnoredAny;

use crate::{Ability, Endpoint, Id, Request, session};

/// A maker of Livy endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Apache Livy itself, also on EMR's own machines.
    #[default]
    Livy,
    /// Behind Apache Knox, as on CDP.
    Knox,
    /// Azure HDInsight.
    HdInsight,
    /// Amazon EMR on EC2.
    Emr,
    /// Amazon EMR Serverless.
    EmrServerless,
    /// Azure Synapse.
    Synapse,
    /// Microsoft Fabric.
    Fabric,
    /// Lighter, Exacaster's own server.
    Lighter,
}

impl Profile {
    /// Each there is, with its name.
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

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, profile)| profile)
    }

    /// What an address looks like.
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

    /// Headers that it wants.
    pub(crate) fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self == Self::Lighter {
            // Without it Lighter answers in its own form.
            let name = HeaderName::from_static("x-compatibility-mode");
            headers.insert(name, HeaderValue::from_static("sparkmagic"));
        }
        headers
    }

    /// What it is known not to have; the rest is noticed.
    pub(crate) fn lacks(self) -> &'static [Ability] {
        use Ability::{Completion, Jobs, Log, ResetTimeout, Version};
        match self {
            Self::Fabric => &[Completion, Jobs, Log, Version],
            Self::Synapse => &[Completion, Jobs, Log],
            Self::Lighter => &[Completion, Jobs, ResetTimeout, Version],
            _ => &[ResetTimeout],
        }
    }

    /// How soon the start of a session is answered at the latest.
    pub fn session_answered_within(self) -> Duration {
        match self {
            // The application behind it may have to be started first.
            Self::EmrServerless => Duration::from_secs(180),
            _ => session::CREATED_WITHIN,
        }
    }

    /// The request that makes an idle timeout begin anew.
    pub fn keep_alive(self, session: &Id) -> Request<IgnoredAny> {
        match self {
            Self::Synapse => session::put_reset_timeout(session),
            Self::Fabric => session::post_reset_timeout(session),
            _ => session::connect(session).answered_by(),
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
    fn the_maker_is_guessed_from_the_address() {
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
    fn sessions_are_kept_alive_in_each_makers_way() {
        let asked = |profile: Profile| format!("{:?}", profile.keep_alive(&"7".into()));
        assert_eq!(asked(Profile::Livy), "Post /sessions/7/connect");
        assert_eq!(asked(Profile::Synapse), "Put /sessions/7/reset-timeout");
        assert_eq!(asked(Profile::Fabric), "Post /sessions/7/reset-timeout");
    }
}
