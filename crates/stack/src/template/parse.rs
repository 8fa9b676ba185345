//! From YAML text to [`Node`]s, within [`limits`](crate::limits).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};

use crate::limits::{DEPTH_MAX, NODES_MAX};

use super::node::Scalar;
use super::{Entry, Function, Node, NodeValue, Report, Reported, Span, shorten};

/// The text's only document.
///
/// An error that makes the rest unreadable ends the reading; a duplicate key does not.
pub(crate) fn parse(report: &Report) -> Result<Node, Reported> {
    let text = report.text.clone();
    let mut reader = Reader {
        report,
        parser: Parser::new_from_str(&text.content),
        places: Places::new(&text.content),
        anchors: HashMap::new(),
        weight: 0,
    };
    let mut root = None;
    while let Some((event, span)) = reader.next()? {
        if matches!(
            event,
            Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
        ) {
            continue;
        }
        let node = reader.node(event, span, 0)?;
        if root.is_some() {
            let message = "the file contains more than one YAML document";
            let help = "a template is one document; remove the `---` in between";
            return Err(report.problem(node.span, message, "the second one begins here", help));
        }
        root = Some(node);
    }
    root.ok_or_else(|| {
        let message = "the template is empty";
        let help = "a template needs at least a `Resources` section";
        report.problem(Span::START, message, "nothing here", help)
    })
}

/// Help for text that cannot be read from `offset` on.
fn help_at(text: &str, offset: usize, info: &str) -> String {
    let (before, after) = text.split_at(text.floor_char_boundary(offset));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let last_word = line.split_whitespace().next_back().unwrap_or_default();
    if let Some(outer) = last_word.strip_prefix('!')
        && !outer.is_empty()
        && after.starts_with('!')
    {
        let inner = after.split_whitespace().next().unwrap_or_default();
        let (outer, inner) = (shorten(outer), shorten(inner));
        return format!(
            "a short form cannot follow another one: write the outer function in full, \
             `Fn::{outer}: {inner} …`"
        );
    }
    let help = if info == "invalid indentation" {
        "indent what stands between brackets, and the closing one, as far as the key that they \
         belong to; some readers of YAML are less strict"
    } else {
        "check indentation, quotes and brackets at and above this line"
    };
    help.to_owned()
}

struct Reader<'r> {
    report: &'r Report,
    parser: Parser<'r, StrInput<'r>>,
    places: Places,
    anchors: HashMap<usize, Node>,
    /// Nodes made so far, copies for aliases included.
    weight: usize,
}

impl<'r> Reader<'r> {
    fn next(&mut self) -> Result<Option<(Event<'r>, Span)>, Reported> {
        let Some(event) = self.parser.next_event() else {
            return Ok(None);
        };
        let (event, place) = event.map_err(|error| {
            let offset = self.places.offset(error.marker());
            let message = format!("not valid YAML: {}", error.info());
            let help = help_at(&self.report.text.content, offset, error.info());
            let span = Span { offset, len: 0 };
            self.report
                .problem(span, message, "reading ended here", help)
        })?;
        let start = self.places.offset(&place.start);
        let end = self.places.offset(&place.end);
        Ok(Some((event, Span::between(start, end))))
    }

    /// The next event within a list or mapping; the parser always reports its end.
    fn inner(&mut self) -> Result<(Event<'r>, Span), Reported> {
        let next = self.next()?;
        Ok(next.expect("a list or mapping has an end"))
    }

    /// The node that an event begins, at this depth.
    fn node(&mut self, event: Event<'r>, span: Span, depth: usize) -> Result<Node, Reported> {
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor, tag.as_deref()),
            _ => (0, None),
        };
        let function = self.function(tag, span)?;
        let height = 1 + usize::from(function.is_some());
        let node = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::SequenceStart(..) => {
                self.check_depth(depth + height, span)?;
                self.grow(1, span)?;
                self.sequence(span, depth + 1)?
            }
            Event::MappingStart(..) => {
                self.check_depth(depth + height, span)?;
                self.grow(1, span)?;
                self.mapping(span, depth + 1)?
            }
            Event::Scalar(text, style, _, ref tag) => {
                let plain = style == ScalarStyle::Plain && !is_string_tag(tag.as_deref());
                let text = Rc::from(&*text);
                self.grow(1, span)?;
                Node::new(span, NodeValue::Scalar(Scalar { text, plain }))
            }
            _ => unreachable!("between documents there are no values"),
        };
        let node = match function {
            Some(function) => Node::call_of(function, node),
            None => node,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Reported> {
        let Some(mut node) = self.anchors.get(&anchor).cloned() else {
            let message = "a YAML alias refers to a value that contains it";
            let help = "write the value out";
            return Err(self.report.problem(span, message, "this alias", help));
        };
        self.check_depth(depth + node.height, span)?;
        self.grow(node.weight, span)?;
        node.span = span;
        Ok(node)
    }

    fn sequence(&mut self, start: Span, depth: usize) -> Result<Node, Reported> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.inner()?;
            if event == Event::SequenceEnd {
                let span = Span::between(start.offset, span.end());
                return Ok(Node::new(span, NodeValue::Sequence(items)));
            }
            items.push(self.node(event, span, depth)?);
        }
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<Node, Reported> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = HashSet::new();
        let end = loop {
            let (event, span) = self.inner()?;
            if event == Event::MappingEnd {
                break span.end();
            }
            let key = self.node(event, span, depth)?;
            let (key, key_span) = self.key(key)?;
            let (event, span) = self.inner()?;
            let value = self.node(event, span, depth)?;
            if keys.insert(Rc::clone(&key)) {
                entries.push(Entry {
                    key,
                    key_span,
                    value,
                });
            } else {
                let message = format!("`{}` is given twice", shorten(&key));
                let help = "keep one of them";
                self.report
                    .problem(key_span, message, "the second time", help);
            }
        };
        let function = match entries.as_slice() {
            [entry] => Function::from_key(&entry.key),
            _ => None,
        };
        Ok(match function {
            Some(function) => Node::call_of(function, entries.remove(0).value),
            None => {
                let span = Span::between(start.offset, end);
                Node::new(span, NodeValue::Mapping(entries))
            }
        })
    }

    fn key(&self, node: Node) -> Result<(Rc<str>, Span), Reported> {
        let NodeValue::Scalar(scalar) = node.value else {
            let message = "a key must be a single word";
            let label = "this is a list, a mapping or a function";
            let help = "a `!Ref` or `${…}` as a key needs quotes if it is meant literally";
            return Err(self.report.problem(node.span, message, label, help));
        };
        if &*scalar.text == "<<" && scalar.plain {
            let message = "`<<` merges mappings, which CloudFormation does not do";
            let help = "write the properties out, or put what functions share under `Globals`";
            return Err(self
                .report
                .problem(node.span, message, "a YAML merge key", help));
        }
        Ok((scalar.text, node.span))
    }

    fn grow(&mut self, weight: usize, span: Span) -> Result<(), Reported> {
        self.weight += weight;
        if self.weight <= NODES_MAX {
            return Ok(());
        }
        let message = format!("the template has more than {NODES_MAX} values");
        let help = "aliases count as often as they are used; split the template";
        Err(self
            .report
            .problem(span, message, "the limit is passed here", help))
    }

    fn check_depth(&self, depth: usize, span: Span) -> Result<(), Reported> {
        if depth <= DEPTH_MAX {
            return Ok(());
        }
        let message = format!("nested deeper than {DEPTH_MAX} levels");
        let help = "no CloudFormation property nests that far; check brackets and indentation";
        Err(self.report.problem(span, message, "too deep", help))
    }

    fn function(&self, tag: Option<&Tag>, span: Span) -> Result<Option<Function>, Reported> {
        let Some(tag) = tag else { return Ok(None) };
        let (handle, name) = (tag.handle.as_str(), tag.suffix.as_str());
        let (message, help) = if tag.is_yaml_core_schema() {
            const KNOWN: [&str; 7] = ["str", "int", "float", "bool", "null", "map", "seq"];
            if KNOWN.contains(&name) {
                return Ok(None);
            }
            let message = format!("CloudFormation has no YAML type `!!{}`", shorten(name));
            (message, "leave the type out")
        } else {
            let function = Function::from_tag(name).filter(|_| handle == "!");
            // `!` alone means text, `!Name` a function.
            if function.is_some() || matches!((handle, name), ("", "!") | ("!", "")) {
                return Ok(function);
            }
            let tag = shorten(&tag.to_string());
            let message = format!("`{tag}` is not a CloudFormation function");
            let help = "functions are `!Ref`, `!GetAtt`, `!Sub`, `!If` and the like; \
                        names are case-sensitive";
            (message, help)
        };
        Err(self.report.problem(span, message, "this value", help))
    }
}

fn is_string_tag(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

/// The parser counts characters, diagnostics count bytes.
struct Places {
    /// Byte offsets by character; `None` if the two counts are equal everywhere.
    offsets: Option<Vec<u32>>,
    end: usize,
}

impl Places {
    fn new(text: &str) -> Self {
        let offset = |(at, _)| u32::try_from(at).expect("a template is at most 1 MiB");
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(offset).collect());
        let end = text.len();
        Self { offsets, end }
    }

    fn offset(&self, marker: &Marker) -> usize {
        match &self.offsets {
            None => marker.index().min(self.end),
            Some(offsets) => {
                let offset = offsets.get(marker.index());
                offset.map_or(self.end, |offset| *offset as usize)
            }
        }
    }
}
