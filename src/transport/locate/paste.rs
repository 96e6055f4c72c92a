//! What stands around an image's name where people copy it from: prompts, quotes, and the
//! commands of a terminal.

use std::borrow::Cow;

use super::LocateError;
use crate::model::Platform;

/// A name taken out of what was pasted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pasted<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) platform: Option<Platform>,
}

/// A program whose commands name an image.
struct Tool {
    names: &'static [&'static str],
    /// The words of each command that takes one image to look at.
    commands: &'static [&'static [&'static str]],
    /// Options that take the next word. Any other option takes none, or has its value
    /// behind an equals sign.
    valued: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        names: &["docker", "podman", "nerdctl"],
        commands: &[
            &["pull"],
            &["inspect"],
            &["image", "pull"],
            &["image", "inspect"],
            &["manifest", "inspect"],
            &["buildx", "imagetools", "inspect"],
        ],
        valued: &[
            "--authfile",
            "--builder",
            "--cert-dir",
            "--config",
            "--context",
            "--creds",
            "--decryption-key",
            "--format",
            "--host",
            "--log-level",
            "--namespace",
            "--policy",
            "--retry",
            "--retry-delay",
            "--type",
            "-H",
            "-c",
            "-f",
            "-l",
            "-n",
        ],
    },
    Tool {
        names: &["skopeo"],
        commands: &[&["inspect"]],
        valued: &[
            "--authfile",
            "--cert-dir",
            "--creds",
            "--daemon-host",
            "--format",
            "--password",
            "--policy",
            "--registries.d",
            "--registry-token",
            "--retry-delay",
            "--retry-times",
            "--shared-blob-dir",
            "--tmpdir",
            "--username",
            "-f",
        ],
    },
    Tool {
        names: &["crane"],
        commands: &[&["manifest"], &["config"], &["digest"]],
        valued: &[],
    },
    Tool {
        names: &["regctl"],
        commands: &[&["manifest", "get"], &["image", "inspect"]],
        valued: &[
            "--format",
            "--host",
            "--logopt",
            "--user-agent",
            "--verbosity",
            "-v",
        ],
    },
    Tool {
        names: &["oras"],
        commands: &[&["manifest", "fetch"], &["discover"], &["pull"]],
        valued: &[
            "--artifact-type",
            "--ca-file",
            "--concurrency",
            "--config",
            "--depth",
            "--distribution-spec",
            "--format",
            "--output",
            "--password",
            "--registry-config",
            "--resolve",
            "--template",
            "--username",
            "-o",
            "-p",
            "-u",
        ],
    },
];

/// Options that ask for a platform, and which part of it their value is.
const PLATFORM_OPTIONS: &[(&str, Part)] = &[
    ("--platform", Part::Whole),
    ("--os", Part::Os),
    ("--arch", Part::Architecture),
    ("--variant", Part::Variant),
    ("--override-os", Part::Os),
    ("--override-arch", Part::Architecture),
    ("--override-variant", Part::Variant),
];

#[derive(Clone, Copy)]
enum Part {
    Whole,
    Os,
    Architecture,
    Variant,
}

/// Words after which another command begins, or the output goes elsewhere.
const ENDS: &[&str] = &["|", "||", "&", "&&", ";", ">", ">>", "2>", "2>&1"];

/// Takes the name out of `text`, which has no spaces around it.
pub(super) fn read(text: &str) -> Result<Pasted<'_>, LocateError> {
    let text = without_prompt(text);
    let words = words(text);
    let command = words.strip_prefix(&["sudo".to_owned()]).unwrap_or(&words);
    match command.split_first() {
        // alone it is an image: docker.io/library/docker
        Some((program, options)) if !options.is_empty() => {
            match TOOLS.iter().find(|t| t.names.contains(&program.as_str())) {
                Some(tool) => read_command(tool, program, options),
                None => Ok(plain(text)),
            }
        }
        _ => Ok(plain(text)),
    }
}

fn plain(text: &str) -> Pasted<'_> {
    Pasted {
        name: Cow::Borrowed(without_quotes(text)),
        platform: None,
    }
}

fn read_command<'a>(
    tool: &Tool,
    program: &str,
    options: &[String],
) -> Result<Pasted<'a>, LocateError> {
    let mut platform = WantedPlatform::default();
    let mut plain: Vec<&str> = Vec::new();
    let mut words = options.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if ENDS.contains(&word) {
            break;
        }
        if !word.starts_with('-') || word == "-" {
            plain.push(word);
            continue;
        }
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word, None),
        };
        if let Some((_, part)) = PLATFORM_OPTIONS.iter().find(|(o, _)| *o == option) {
            platform.set(*part, value.or_else(|| words.next()).unwrap_or_default());
        } else if value.is_none() && tool.valued.contains(&option) {
            words.next();
        }
    }
    let command = tool.commands.iter().find(|c| plain.starts_with(c));
    let Some(command) = command else {
        let shown: Vec<_> = [program]
            .into_iter()
            .chain(plain.first().copied())
            .collect();
        return Err(LocateError::Command {
            command: shown.join(" "),
        });
    };
    match &plain[command.len()..] {
        [name] => Ok(Pasted {
            name: Cow::Owned((*name).to_owned()),
            platform: platform.parse()?,
        }),
        names => Err(LocateError::CommandImages {
            command: format!("{program} {}", command.join(" ")),
            count: names.len(),
        }),
    }
}

/// The platform that a command asks for, as far as it was read.
#[derive(Default)]
struct WantedPlatform {
    whole: Option<String>,
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl WantedPlatform {
    fn set(&mut self, part: Part, value: &str) {
        let place = match part {
            Part::Whole => &mut self.whole,
            Part::Os => &mut self.os,
            Part::Architecture => &mut self.architecture,
            Part::Variant => &mut self.variant,
        };
        *place = Some(value.to_owned());
    }

    fn parse(self) -> Result<Option<Platform>, LocateError> {
        let text = match (self.whole, self.architecture) {
            // crane's word for every platform
            (Some(whole), _) if whole == "all" => return Ok(None),
            (Some(whole), _) => whole,
            (None, Some(architecture)) => {
                let os = self.os.as_deref().unwrap_or("linux");
                let variant = self.variant.map(|v| format!("/{v}")).unwrap_or_default();
                format!("{os}/{architecture}{variant}")
            }
            // an operating system alone does not say which image
            (None, None) => return Ok(None),
        };
        Ok(Some(text.parse()?))
    }
}

/// Without the sign that a shell writes before what is typed.
fn without_prompt(text: &str) -> &str {
    let rest = text.strip_prefix("$ ").or_else(|| text.strip_prefix("# "));
    rest.unwrap_or(text).trim_start()
}

fn without_quotes(text: &str) -> &str {
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('“', '”')] {
        let inner = text.strip_prefix(open).and_then(|t| t.strip_suffix(close));
        if let Some(inner) = inner {
            return inner.trim();
        }
    }
    text
}

/// The words of a command line. Quotes keep spaces together; a backslash at the end of a
/// line joins it with the next. Other backslashes stay: they are part of Windows paths.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') if matches!(characters.peek(), Some('\n' | '\r')) => {}
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
