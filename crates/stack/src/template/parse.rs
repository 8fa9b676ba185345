//! From YAML text to [`Node`]s, without recursion and within [`limits`](crate::limits).

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use crate::limits::{DEPTH_MAX, NODES_MAX};

use super::node::Scalar;
use super::words::shorten;
use super::{Entry, Function, Node, NodeValue, Report, Reported, Span};

/// The text's only document.
///
/// What makes the rest unreadable ends the reading; a key given twice does not.
pub(crate) fn parse(report: &Report) -> Result<Node, Reported> {
    Builder {
        report,
        places: Places::new(&report.text.content),
        frames: Vec::new(),
        anchors: HashMap::new(),
        weight: 0,
        root: None,
    }
    .run()
}

struct Builder<'r> {
    report: &'r Report,
    places: Places,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    /// Nodes made so far, copies for aliases included.
    weight: usize,
    root: Option<Node>,
}

/// A list or mapping that has not ended.
struct Frame {
    start: usize,
    anchor: usize,
    function: Option<Function>,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        keys: HashSet<Rc<str>>,
        key: Option<(Rc<str>, Span)>,
    },
}

impl Builder<'_> {
    fn run(mut self) -> Result<Node, Reported> {
        let text = self.report.text.clone();
        let mut parser = Parser::new_from_str(&text.content);
        while let Some(event) = parser.next_event() {
            let (event, place) = event.map_err(|error| {
                let offset = self.places.offset(error.marker());
                let span = Span { offset, len: 0 };
                let message = format!("not valid YAML: {}", error.info());
                let help = "check indentation, quotes and brackets at and above this line";
                self.report
                    .problem(span, message, "reading ended here", help)
            })?;
            let start = self.places.offset(&place.start);
            let end = self.places.offset(&place.end);
            self.event(event, Span::between(start, end))?;
        }
        self.root.ok_or_else(|| {
            let message = "the template is empty";
            let help = "a template needs at least a `Resources` section";
            self.report
                .problem(Span::START, message, "nothing here", help)
        })
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Reported> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentEnd
            | Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_string_tag(tag.as_deref());
                let function = self.function(tag.as_deref(), span)?;
                let text = Rc::from(&*text);
                let node = Node::new(span, NodeValue::Scalar(Scalar { text, plain }));
                self.grow(1, span)?;
                self.place(called(function, node), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, tag.as_deref(), span, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping {
                    entries: Vec::new(),
                    keys: HashSet::new(),
                    key: None,
                };
                self.open(anchor, tag.as_deref(), span, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    let message = "a YAML alias refers to a value that contains it";
                    let help = "write the value out";
                    return Err(self.report.problem(span, message, "this alias", help));
                };
                let mut node = node.clone();
                self.check_depth(node.height, span)?;
                self.grow(node.weight, span)?;
                node.span = span;
                self.place(node, 0)
            }
        }
    }

    fn open(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
        content: Content,
    ) -> Result<(), Reported> {
        let function = self.function(tag, span)?;
        self.check_depth(1 + usize::from(function.is_some()), span)?;
        self.grow(1, span)?;
        self.frames.push(Frame {
            start: span.offset,
            anchor,
            function,
            content,
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Reported> {
        let frame = self
            .frames
            .pop()
            .expect("the parser ends only what it has begun");
        let span = Span::between(frame.start, span.end());
        let node = match frame.content {
            Content::Sequence(items) => Node::new(span, NodeValue::Sequence(items)),
            Content::Mapping { mut entries, .. } => {
                let function = match entries.as_slice() {
                    [entry] => Function::from_key(&entry.key),
                    _ => None,
                };
                match function {
                    Some(function) => Node::call_of(function, entries.remove(0).value),
                    None => Node::new(span, NodeValue::Mapping(entries)),
                }
            }
        };
        self.place(called(frame.function, node), frame.anchor)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Reported> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.frames.last_mut() else {
            if self.root.is_some() {
                let message = "the file holds more than one YAML document";
                let label = "the second one begins here";
                let help = "a template is one document; remove the `---` in between";
                return Err(self.report.problem(node.span, message, label, help));
            }
            self.root = Some(node);
            return Ok(());
        };
        let (entries, keys, key) = match &mut frame.content {
            Content::Sequence(items) => {
                items.push(node);
                return Ok(());
            }
            Content::Mapping { entries, keys, key } => (entries, keys, key),
        };
        if let Some((key, key_span)) = key.take() {
            if keys.insert(Rc::clone(&key)) {
                entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                });
            } else {
                let message = format!("`{}` is given twice", shorten(&key));
                let help = "keep one of them";
                self.report
                    .problem(key_span, message, "the second time", help);
            }
            return Ok(());
        }
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
        *key = Some((scalar.text, node.span));
        Ok(())
    }

    fn grow(&mut self, weight: usize, span: Span) -> Result<(), Reported> {
        self.weight += weight;
        if self.weight <= NODES_MAX {
            return Ok(());
        }
        let message = format!("the template has more than {NODES_MAX} values");
        let help = "aliases count as often as they are used; split the template";
        let label = "the limit is passed here";
        Err(self.report.problem(span, message, label, help))
    }

    fn check_depth(&self, height: usize, span: Span) -> Result<(), Reported> {
        if self.frames.len() + height <= DEPTH_MAX {
            return Ok(());
        }
        let message = format!("nested deeper than {DEPTH_MAX} levels");
        let help = "no CloudFormation property nests that far; check brackets and indentation";
        Err(self.report.problem(span, message, "too deep", help))
    }

    fn function(&self, tag: Option<&Tag>, span: Span) -> Result<Option<Function>, Reported> {
        let Some(tag) = tag else { return Ok(None) };
        let (message, help) = match (tag.handle.as_str(), tag.suffix.as_str()) {
            // `!` alone means text, `!Name` a function.
            ("", "!") | ("!", "") => return Ok(None),
            (_, "str" | "int" | "float" | "bool" | "null" | "map" | "seq")
                if tag.is_yaml_core_schema() =>
            {
                return Ok(None);
            }
            (_, name) if tag.is_yaml_core_schema() => {
                let message = format!("CloudFormation has no YAML type `!!{}`", shorten(name));
                (message, "leave the type out")
            }
            (handle, name) => {
                if let Some(function) = Function::from_tag(name).filter(|_| handle == "!") {
                    return Ok(Some(function));
                }
                let name = shorten(&tag.to_string());
                let message = format!("`{name}` is no CloudFormation function");
                let help = "functions are `!Ref`, `!GetAtt`, `!Sub`, `!If` and the like; names are case-sensitive";
                (message, help)
            }
        };
        Err(self.report.problem(span, message, "this value", help))
    }
}

fn is_string_tag(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

fn called(function: Option<Function>, argument: Node) -> Node {
    match function {
        None => argument,
        Some(function) => Node::call_of(function, argument),
    }
}

/// The parser counts characters, diagnostics count bytes.
struct Places {
    /// Byte offsets by character, where the two differ at all.
    offsets: Option<Vec<u32>>,
    end: usize,
}

impl Places {
    fn new(text: &str) -> Self {
        let offset = |offset| u32::try_from(offset).expect("a template is at most 1 MiB");
        let offsets =
            (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| offset(at)).collect());
        Self {
            offsets,
            end: text.len(),
        }
    }

    fn offset(&self, marker: &Marker) -> usize {
        match &self.offsets {
            None => marker.index().min(self.end),
            Some(offsets) => offsets
                .get(marker.index())
                .map_or(self.end, |offset| *offset as usize),
        }
    }
}
