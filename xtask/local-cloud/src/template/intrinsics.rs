//! `CloudFormation`'s intrinsic functions, as far as the template needs them on one machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::TemplateError;
use crate::function::{ACCOUNT_ID, REGION, function_arn};

/// What a template's references mean.
pub(super) struct Scope<'t> {
    template: &'t Value,
    parameters: BTreeMap<&'t str, Value>,
}

impl<'t> Scope<'t> {
    /// The template's parameters with their defaults, or the values given in `overrides`.
    pub(super) fn new(
        template: &'t Value,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let declared = template.get("Parameters").and_then(Value::as_object);
        let mut parameters = BTreeMap::new();
        for (name, parameter) in declared.into_iter().flatten() {
            let given = overrides.get(name).map(|value| Value::from(value.as_str()));
            let value = given.or_else(|| parameter.get("Default").cloned());
            let Some(value) = value else {
                return Err(TemplateError::content(
                    format!("Parameters.{name}"),
                    "has no default and was not given",
                ));
            };
            let is_list =
                parameter.get("Type").and_then(Value::as_str) == Some("CommaDelimitedList");
            let value = if is_list {
                let list = text(&value, &format!("Parameters.{name}"))?;
                Value::from(list.split(',').map(str::trim).collect::<Vec<_>>())
            } else {
                value
            };
            parameters.insert(name.as_str(), value);
        }
        if let Some(unknown) = overrides
            .keys()
            .find(|name| !parameters.contains_key(name.as_str()))
        {
            return Err(TemplateError::content(
                "Parameters",
                format!("there is no parameter {unknown}"),
            ));
        }
        Ok(Self {
            template,
            parameters,
        })
    }

    /// `value` with every intrinsic function in it resolved; `None` for `AWS::NoValue`.
    pub(super) fn resolve(
        &self,
        value: &Value,
        place: &str,
    ) -> Result<Option<Value>, TemplateError> {
        match value {
            Value::Object(map) => match single(map) {
                Some((name, argument))
                    if name == "Ref" || name == "Condition" || name.starts_with("Fn::") =>
                {
                    self.call(name, argument, place)
                }
                _ => {
                    let mut resolved = Map::new();
                    for (key, value) in map {
                        if let Some(value) = self.resolve(value, &format!("{place}.{key}"))? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            Value::Array(list) => {
                let mut resolved = Vec::with_capacity(list.len());
                for value in list {
                    resolved.extend(self.resolve(value, place)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    /// The name that a function or table has here: the one it is given, or its logical id.
    pub(super) fn physical_name(&self, id: &str) -> Result<String, TemplateError> {
        let place = format!("Resources.{id}");
        let resource = self
            .template
            .get("Resources")
            .and_then(|resources| resources.get(id));
        let resource =
            resource.ok_or_else(|| TemplateError::content(&place, "there is no such resource"))?;
        for property in ["FunctionName", "TableName"] {
            if let Some(name) = resource.pointer(&format!("/Properties/{property}")) {
                return self.text(name, &format!("{place}.Properties.{property}"));
            }
        }
        Ok(id.to_owned())
    }

    fn text(&self, value: &Value, place: &str) -> Result<String, TemplateError> {
        let resolved = self.resolve(value, place)?;
        text(&resolved.unwrap_or_else(|| Value::from("")), place)
    }

    fn call(
        &self,
        name: &str,
        argument: &Value,
        place: &str,
    ) -> Result<Option<Value>, TemplateError> {
        match (name, argument) {
            ("Ref", Value::String(name)) if name == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(name)) => self.reference(name).map(Some),
            ("Fn::Sub", Value::String(text)) => self.substitute(text, place).map(Some),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    self.attribute(id, attribute, place).map(Some)
                }
                _ => Err(unsupported(name, place)),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(separator), list] => self.join(separator, list, place).map(Some),
                _ => Err(unsupported(name, place)),
            },
            ("Fn::If", Value::Array(branches)) => match branches.as_slice() {
                [Value::String(condition), yes, no] => self.resolve(
                    if self.condition(condition, place)? {
                        yes
                    } else {
                        no
                    },
                    place,
                ),
                _ => Err(unsupported(name, place)),
            },
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" | "Condition", _) => self
                .holds(name, argument, place)
                .map(|holds| Some(Value::Bool(holds))),
            _ => Err(unsupported(name, place)),
        }
    }

    fn condition(&self, name: &str, place: &str) -> Result<bool, TemplateError> {
        let condition = self
            .template
            .get("Conditions")
            .and_then(|conditions| conditions.get(name));
        let call = condition.and_then(Value::as_object).and_then(single);
        let Some((function, argument)) = call else {
            return Err(TemplateError::content(
                place,
                format!("there is no condition {name}"),
            ));
        };
        self.holds(function, argument, &format!("Conditions.{name}"))
    }

    fn holds(&self, function: &str, argument: &Value, place: &str) -> Result<bool, TemplateError> {
        let nested = |value: &Value| match value.as_object().and_then(single) {
            Some((function, argument)) => self.holds(function, argument, place),
            None => Err(unsupported(function, place)),
        };
        match (function, argument) {
            ("Condition", Value::String(name)) => self.condition(name, place),
            ("Fn::Equals", Value::Array(sides)) if sides.len() == 2 => {
                Ok(self.text(&sides[0], place)? == self.text(&sides[1], place)?)
            }
            ("Fn::Not", Value::Array(list)) if list.len() == 1 => Ok(!nested(&list[0])?),
            ("Fn::And", Value::Array(list)) => list
                .iter()
                .try_fold(true, |all, value| Ok(nested(value)? && all)),
            ("Fn::Or", Value::Array(list)) => list
                .iter()
                .try_fold(false, |any, value| Ok(nested(value)? || any)),
            _ => Err(unsupported(function, place)),
        }
    }

    fn join(&self, separator: &str, list: &Value, place: &str) -> Result<Value, TemplateError> {
        let Some(Value::Array(list)) = self.resolve(list, place)? else {
            return Err(unsupported("Fn::Join", place));
        };
        let parts: Result<Vec<_>, _> = list.iter().map(|part| text(part, place)).collect();
        Ok(parts?.join(separator).into())
    }

    /// `${Name}` and `${Name.Attribute}`; `${!Name}` stays `${Name}`.
    fn substitute(&self, source: &str, place: &str) -> Result<Value, TemplateError> {
        let mut result = String::with_capacity(source.len());
        let mut rest = source;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::content(place, "has a ${ without a }"));
            };
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str("${");
                result.push_str(literal);
                result.push('}');
            } else {
                let value = match name.split_once('.') {
                    Some((id, attribute)) => self.attribute(id, attribute, place)?,
                    None => self.reference(name)?,
                };
                result.push_str(&text(&value, place)?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result.into())
    }

    fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        Ok(match name {
            "AWS::Region" => REGION.into(),
            "AWS::AccountId" => ACCOUNT_ID.into(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => "local".into(),
            resource => self.physical_name(resource)?.into(),
        })
    }

    fn attribute(&self, id: &str, attribute: &str, place: &str) -> Result<Value, TemplateError> {
        let kind_of = |id: &str| {
            self.template
                .pointer(&format!("/Resources/{id}/Type"))
                .and_then(Value::as_str)
        };
        let kind = kind_of(id);
        // SAM makes a role for each function that is given none, and calls it after the function.
        let function = id.strip_suffix("Role").and_then(kind_of);
        if (kind, function, attribute) == (None, Some("AWS::Serverless::Function"), "Arn") {
            return Ok(format!("arn:aws:iam::{ACCOUNT_ID}:role/local-{id}").into());
        }
        let name = self.physical_name(id)?;
        match (kind, attribute) {
            (Some("AWS::Serverless::Function"), "Arn") => Ok(function_arn(&name).into()),
            (Some("AWS::DynamoDB::Table"), "Arn") => {
                Ok(format!("arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}").into())
            }
            _ => Err(TemplateError::content(
                place,
                format!("{id}.{attribute} has no value outside AWS"),
            )),
        }
    }
}

/// A plain value as the text that `CloudFormation` makes of it.
pub(super) fn text(value: &Value, place: &str) -> Result<String, TemplateError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(TemplateError::content(place, "must be plain text"))
        }
    }
}

fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

fn unsupported(function: &str, place: &str) -> TemplateError {
    TemplateError::content(place, format!("{function} is not understood here"))
}
