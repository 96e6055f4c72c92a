//! Reading the content of many files: each layer is read through once.

use crate::layer::{LayerError, LayerIndex, PartCheck, read_range};
use crate::model::Descriptor;
use crate::transport::Source;

use super::plan::Content;
use super::{From, Plan};

/// What lies further apart in an unpacked layer than this is asked for by itself, in bytes.
const GAP: u64 = 16 << 20;

/// Takes content: for each file its beginning, its bytes, its end.
pub(super) trait Sink: Send {
    fn begin(&mut self, content: &Content) -> Result<(), LayerError>;
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), LayerError>;
    /// All came, and has the digest that the list of files promises.
    fn end(&mut self, content: &Content) -> Result<(), LayerError>;
}

/// Hands over all content of a plan in its order.
pub(super) async fn read(
    plan: &Plan,
    from: &From<'_>,
    sink: &mut dyn Sink,
) -> Result<(), LayerError> {
    let mut rest = &plan.contents[..];
    while let Some(first) = rest.first() {
        let layer = first.layer;
        let index = plan.tree().layers().get(layer);
        let (Some(descriptor), Some(index)) = (from.layers.get(layer), index) else {
            return Err(LayerError::NoSuchFile {
                path: first.part.shown(),
            });
        };
        let (run, others) = rest.split_at(run(rest));
        read_run(from.source, descriptor, index, run, sink).await?;
        rest = others;
    }
    Ok(())
}

/// How many contents follow each other closely in one layer.
fn run(contents: &[Content]) -> usize {
    let follows = |pair: &[Content]| {
        let end = pair[0].part.offset.saturating_add(pair[0].part.stored);
        let next = &pair[1];
        next.layer == pair[0].layer && next.part.offset >= end && next.part.offset - end <= GAP
    };
    let more = contents.windows(2).take_while(|pair| follows(pair));
    1 + more.count()
}

async fn read_run(
    source: &dyn Source,
    layer: &Descriptor,
    index: &LayerIndex,
    run: &[Content],
    sink: &mut dyn Sink,
) -> Result<(), LayerError> {
    let (mut stored, mut empty) = (Vec::new(), Vec::new());
    for content in run {
        let kind = if content.part.stored > 0 {
            &mut stored
        } else {
            &mut empty
        };
        kind.push(content);
    }
    for content in empty {
        sink.begin(content)?;
        PartCheck::new(&content.part).finish(&mut |bytes| sink.bytes(bytes))?;
        sink.end(content)?;
    }
    let (Some(first), Some(last)) = (stored.first(), stored.last()) else {
        return Ok(());
    };
    let wanted = first.part.offset..last.part.offset.saturating_add(last.part.stored);
    let mut at = wanted.start;
    let mut next = 0;
    let mut check: Option<PartCheck<'_>> = None;
    let mut take = |mut bytes: &[u8]| {
        while let (false, Some(content)) = (bytes.is_empty(), stored.get(next)) {
            let part = &content.part;
            if at < part.offset {
                let gap = (part.offset - at).min(bytes.len() as u64);
                bytes = &bytes[gap as usize..];
                at += gap;
                continue;
            }
            let checking = match &mut check {
                Some(check) => check,
                None => {
                    sink.begin(content)?;
                    check.insert(PartCheck::new(part))
                }
            };
            let left = part.offset + part.stored - at;
            let (now, rest) = bytes.split_at(left.min(bytes.len() as u64) as usize);
            checking.pass(now, &mut |bytes| sink.bytes(bytes))?;
            at += now.len() as u64;
            bytes = rest;
            if at == part.offset + part.stored {
                if let Some(check) = check.take() {
                    check.finish(&mut |bytes| sink.bytes(bytes))?;
                }
                sink.end(content)?;
                next += 1;
            }
        }
        Ok(())
    };
    read_range(source, layer, index, wanted, &mut take).await
}
