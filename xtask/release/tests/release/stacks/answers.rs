//! What `CloudFormation` answers who asks, as XML.

use super::{Answer, Stacks, arn, kind, short};

impl Stacks {
    pub(super) fn describe_change_set(&mut self, id: &str) -> Answer {
        let computes_forever = self.computes_forever;
        let set = self.change_set(id)?;
        set.asked += 1;
        if computes_forever || set.asked == 1 {
            return Ok("<Status>CREATE_IN_PROGRESS</Status>".to_owned());
        }
        if let Some(reason) = set.refusal {
            return Ok(format!(
                "<Status>FAILED</Status><StatusReason>{reason}</StatusReason>"
            ));
        }
        let changes = set.changes.iter().map(|(action, name)| {
            let kind = set.template["Resources"][name]["Type"].as_str();
            let replacement = match *action {
                "Modify" => "<Replacement>False</Replacement>",
                _ => "",
            };
            format!(
                "<member><ResourceChange><Action>{action}</Action><LogicalResourceId>{name}</LogicalResourceId><ResourceType>{}</ResourceType>{replacement}</ResourceChange></member>",
                kind.unwrap_or("AWS::Gone::Resource")
            )
        });
        Ok(format!(
            "<Status>CREATE_COMPLETE</Status><Changes>{}</Changes>",
            changes.collect::<String>()
        ))
    }

    pub(super) fn describe(&mut self, id: &str) -> Answer {
        let stack = self.stack(id)?;
        let parameters = stack.parameters.iter().map(|(key, value)| {
            format!("<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>")
        });
        let outputs = stack.template["Outputs"].as_object().into_iter().flatten();
        let outputs = outputs.map(|(key, _)| {
            format!("<member><OutputKey>{key}</OutputKey><OutputValue>arn:aws:lambda:us-east-1:000000000000:function:{key}</OutputValue></member>")
        });
        Ok(format!(
            "<Stacks><member><StackId>{}</StackId><StackName>{}</StackName><StackStatus>{}</StackStatus><Parameters>{}</Parameters><Outputs>{}</Outputs></member></Stacks>",
            arn(short(id)),
            short(id),
            stack.status,
            parameters.collect::<String>(),
            outputs.collect::<String>()
        ))
    }

    /// Newest first, after letting the next one happen.
    pub(super) fn events(&mut self, id: &str) -> Answer {
        let stands_still = self.stands_still;
        let stack = self.stack(id)?;
        if !stack.coming.is_empty() && !stands_still {
            let event = stack.coming.remove(0);
            if event[1] == "AWS::CloudFormation::Stack" {
                stack.status.clone_from(&event[2]);
            }
            stack.events.push(event);
        }
        let events = stack.events.iter().enumerate().rev();
        let events = events.map(|(index, [name, kind, status, reason])| {
            format!(
                "<member><EventId>{index}</EventId><Timestamp>2026-11-24T00:00:{index:02}.000Z</Timestamp><LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason></member>"
            )
        });
        Ok(format!(
            "<StackEvents>{}</StackEvents>",
            events.collect::<String>()
        ))
    }

    pub(super) fn resources(&mut self, id: &str) -> Answer {
        let name = short(id).to_owned();
        let stack = self.stack(id)?;
        let resources = stack.resources.iter().map(|(resource, status)| {
            format!(
                "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{name}-{resource}</PhysicalResourceId><ResourceType>{}</ResourceType><ResourceStatus>{status}</ResourceStatus></member>",
                kind(&stack.template, resource)
            )
        });
        Ok(format!(
            "<StackResourceSummaries>{}</StackResourceSummaries>",
            resources.collect::<String>()
        ))
    }

    pub(super) fn template(&mut self, id: &str) -> Answer {
        let template = self.stack(id)?.template.to_string();
        let escaped = template.replace('&', "&amp;").replace('<', "&lt;");
        Ok(format!("<TemplateBody>{escaped}</TemplateBody>"))
    }
}
