//! Publishing: each plan says what is done, exactly that is done, and a run that ends anywhere is finished by the next.

use release::apply::{ApplyError, apply};
use release::bundle::Bundle;
use release::desired::Desired;
use release::live;
use release::plan::ReleasePlan;
use release::progress::Silent;
use release::sharing::parse_sharing;
use release::verify::{Difference, verify};

use crate::fixture::Fixture;
use crate::world::{Fault, State, World, kinds};

/// Plans and applies, as the command does.
async fn publish(
    world: &World,
    desired: &Desired,
    bundle: &Bundle,
) -> Result<ReleasePlan, ApplyError> {
    let live = live::read(world, world, desired).await?;
    let plan = ReleasePlan::between(desired, &live)?;
    apply(&plan, desired, bundle, world, world, &Silent).await?;
    Ok(plan)
}

/// The state after the checkout as it is was published to an empty account.
async fn published(fixture: &Fixture) -> State {
    let bundle = fixture.package();
    let world = World::default();
    publish(&world, &fixture.desired(&bundle), &bundle)
        .await
        .unwrap();
    world.state()
}

/// Publishes the checkout to `state` and answers the plan and the writes as text, and the state afterwards.
async fn publish_to(state: State, fixture: &Fixture) -> (String, State) {
    let bundle = fixture.package();
    let world = World::with(state);
    let plan = publish(&world, &fixture.desired(&bundle), &bundle)
        .await
        .unwrap();
    let text = format!("{plan}\n\nwrites: {}", world.writes().join(", "));
    (text, world.state())
}

#[tokio::test]
async fn an_empty_account_gets_everything() {
    let fixture = Fixture::new();
    let (text, _) = publish_to(State::default(), &fixture).await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_plan_is_a_value() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let world = World::default();
    let live = live::read(&world, &world, &desired).await.unwrap();
    let plan = ReleasePlan::between(&desired, &live).unwrap();
    insta::assert_json_snapshot!(plan);
    assert_eq!(world.writes(), Vec::<&str>::new());
}

#[tokio::test]
async fn publishing_again_writes_nothing() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    let (text, after) = publish_to(state.clone(), &fixture).await;
    insta::assert_snapshot!(text, @r"
    arn:aws:serverlessrepo:eu-west-1:123456789012:applications/example, version 0.1.0
      nothing to do

    writes: 
    ");
    assert_eq!(after, state);
}

#[tokio::test]
async fn a_commit_that_changes_nothing_published_writes_nothing() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.write("notes.md", "Only for those who develop.\n");
    fixture.commit();
    let (text, _) = publish_to(state, &fixture).await;
    assert!(text.contains("nothing to do"), "{text}");
}

#[tokio::test]
async fn a_new_version_uploads_what_changed() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.set_version("0.1.0", "0.2.0");
    fixture.compile("two", "second");
    fixture.commit();
    let (text, _) = publish_to(state, &fixture).await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_changed_readme_is_all_that_is_written() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.write("README.md", "# Example\n\nIn more words.\n");
    fixture.commit();
    let (text, _) = publish_to(state, &fixture).await;
    insta::assert_snapshot!(text, @"
    arn:aws:serverlessrepo:eu-west-1:123456789012:applications/example, version 0.1.0
      1. change what is shown:
           Readme: 1 lines, SHA-256 8ef0b048… -> 3 lines, SHA-256 d17c8e4b…

    writes: UpdateApplication
    ");
}

#[tokio::test]
async fn every_field_can_change_and_labels_can_go() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.edit("sar/template.yaml", "Author: somebody", "Author: else");
    fixture.edit("sar/template.yaml", "An example", "Another example");
    fixture.edit("sar/template.yaml", "[two, one]", "[]");
    fixture.edit("sar/template.yaml", "example.com/\n", "example.org/\n");
    fixture.commit();
    let (text, after) = publish_to(state, &fixture).await;
    insta::assert_snapshot!(text, @r"
    arn:aws:serverlessrepo:eu-west-1:123456789012:applications/example, version 0.1.0
      1. change what is shown:
           Author: somebody -> else
           Description: An example -> Another example
           Labels: one, two -> 
           HomePageUrl: https://example.com/ -> https://example.org/

    writes: UpdateApplication
    ");
    let (text, _) = publish_to(after, &fixture).await;
    assert!(text.contains("nothing to do"), "{text}");
}

#[tokio::test]
async fn a_changed_policy_is_all_that_is_written_and_is_warned_of() {
    let fixture = Fixture::new();
    fixture.write(
        "sar/sharing.toml",
        "public = false\naccounts = [\"111111111111\"]\n",
    );
    fixture.commit();
    let state = published(&fixture).await;
    fixture.write("sar/sharing.toml", "public = true\n");
    fixture.commit();
    let (text, _) = publish_to(state, &fixture).await;
    insta::assert_snapshot!(text, @r"
    arn:aws:serverlessrepo:eu-west-1:123456789012:applications/example, version 0.1.0
      1. change who may deploy:
           + everyone: Deploy
           - account 111111111111
      !  this makes the application public
      !  account 111111111111 can no longer deploy the application

    writes: PutApplicationPolicy
    ");
}

#[tokio::test]
async fn a_policy_that_somebody_changed_meanwhile_is_left_alone() {
    let fixture = Fixture::new();
    fixture.write("sar/sharing.toml", "public = false\n");
    fixture.commit();
    let world = World::with(published(&fixture).await);
    fixture.write("sar/sharing.toml", "public = true\n");
    fixture.commit();
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let live = live::read(&world, &world, &desired).await.unwrap();
    let plan = ReleasePlan::between(&desired, &live).unwrap();
    let other = parse_sharing("public = false\naccounts = [\"111111111111\"]").unwrap();
    world.set_policy(other);
    let before = world.state();
    let error = apply(&plan, &desired, &bundle, &world, &world, &Silent)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"somebody has changed meanwhile who may deploy arn:aws:serverlessrepo:eu-west-1:123456789012:applications/example; that was not touched");
    assert_eq!(error.mend(), Some("run again to see what would change now"));
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn what_is_shown_late_is_waited_for() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let world = World::lagging(2);
    publish(&world, &fixture.desired(&bundle), &bundle)
        .await
        .unwrap();
    let seen = world.requests();
    let reads = seen.iter().filter(|it| **it == "GetApplication").count();
    assert_eq!(
        reads, 4,
        "one for the plan, two that came too early, one that did not"
    );
}

#[tokio::test]
async fn an_older_version_is_warned_of() {
    let fixture = Fixture::new();
    fixture.set_version("0.1.0", "1.0.0");
    fixture.commit();
    let state = published(&fixture).await;
    fixture.set_version("1.0.0", "1.0.0-rc.1");
    fixture.commit();
    let (text, _) = publish_to(state, &fixture).await;
    assert!(
        text.contains("!  1.0.0-rc.1 is older than 1.0.0, which stays the newest version"),
        "{text}"
    );
}

#[tokio::test]
async fn other_statements_of_the_bucket_policy_stay() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let mut state = State::default();
    let own = serde_json::json!({ "Sid": "Own", "Effect": "Deny" });
    let bucket = state.buckets.entry(desired.bucket.clone()).or_default();
    bucket.policy = Some(serde_json::json!({ "Version": "2012-10-17", "Statement": own }));
    let (_, after) = publish_to(state, &fixture).await;
    let policy = after.buckets[&desired.bucket].policy.clone().unwrap();
    insta::assert_json_snapshot!(policy, @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Own",
          "Effect": "Deny"
        },
        {
          "Sid": "ServerlessRepoReadsArtifacts",
          "Effect": "Allow",
          "Principal": {
            "Service": "serverlessrepo.amazonaws.com"
          },
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::serverlessrepo-artifacts-123456789012-eu-west-1/*",
          "Condition": {
            "StringEquals": {
              "aws:SourceAccount": "123456789012"
            }
          }
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_same_version_with_other_content_is_refused() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.compile("two", "second");
    fixture.edit("sar/template.yaml", "Timeout: 3", "Timeout: 4");
    fixture.commit();
    let bundle = fixture.package();
    let world = World::with(state.clone());
    let error = publish(&world, &fixture.desired(&bundle), &bundle)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"version 0.1.0 is published with other content (Resources.One.Properties.Timeout, code of Two); a published version never changes: give this one a new version in sar/template.yaml and Cargo.toml");
    assert_eq!(world.state(), state);
}

#[tokio::test]
async fn another_licence_is_refused() {
    let fixture = Fixture::new();
    let state = published(&fixture).await;
    fixture.write("LICENSE", "Do not.\n");
    fixture.commit();
    let bundle = fixture.package();
    let error = publish(&World::with(state), &fixture.desired(&bundle), &bundle)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"the published application has another licence, and SAR never changes it: restore LICENSE, or publish under another name");
}

/// Lets every request of publishing to `before` go wrong once in every way, and sees that the next run ends where a
/// run without faults does.
async fn converges_from(before: State, fixture: &Fixture) {
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let smooth = World::with(before.clone());
    publish(&smooth, &desired, &bundle).await.unwrap();
    let requests = smooth.requests();
    assert!(kinds(&requests).contains("PutApplicationPolicy"));

    for (index, request) in requests.iter().enumerate() {
        for fault in [Fault::Lost, Fault::Unanswered, Fault::Repeated] {
            let world = World::with_fault(before.clone(), index, fault);
            let broken = publish(&world, &desired, &bundle).await;
            let case = format!("{request}, number {index}, {fault:?}: {broken:?}");
            assert_eq!(broken.is_ok(), fault == Fault::Repeated, "{case}");
            let state = world.state();
            assert!(!state.is_half_published_and_public(&desired), "{case}");

            let next = World::with(state);
            publish(&next, &desired, &bundle).await.unwrap();
            assert_eq!(next.state(), smooth.state(), "{case}");
            let last = World::with(next.state());
            let plan = publish(&last, &desired, &bundle).await.unwrap();
            assert!(plan.is_empty(), "{case}: {plan}");
            assert_eq!(last.writes(), Vec::<&str>::new(), "{case}");
        }
    }
}

#[tokio::test]
async fn a_first_publish_that_ends_anywhere_is_finished_by_the_next() {
    converges_from(State::default(), &Fixture::new()).await;
}

#[tokio::test]
async fn an_update_that_ends_anywhere_is_finished_by_the_next() {
    let fixture = Fixture::new();
    fixture.write("sar/sharing.toml", "public = false\n");
    fixture.commit();
    let before = published(&fixture).await;
    fixture.set_version("0.1.0", "0.2.0");
    fixture.compile("one", "second");
    fixture.write("README.md", "# Another\n");
    fixture.write("sar/sharing.toml", "public = true\n");
    fixture.commit();
    converges_from(before, &fixture).await;
}

#[tokio::test]
async fn a_step_that_fails_is_named_with_its_cause_and_mend() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let smooth = World::default();
    publish(&smooth, &desired, &bundle).await.unwrap();
    let index = smooth
        .requests()
        .iter()
        .position(|request| *request == "CreateApplication")
        .unwrap();
    let world = World::with_fault(State::default(), index, Fault::Lost);
    let error = publish(&world, &desired, &bundle).await.unwrap_err();
    assert_eq!(error.mend(), Some("run again: what is done stays done"));
    let text = format!("{:#}", anyhow::Error::from(error));
    insta::assert_snapshot!(text, @"could not create the application with version 0.1.0, private: CreateApplication: Unreachable");
}

#[tokio::test]
async fn what_is_served_is_compared_byte_by_byte() {
    let fixture = Fixture::new();
    let mut state = published(&fixture).await;
    let bundle = fixture.package();
    let desired = fixture.desired(&bundle);
    let world = World::with(state.clone());
    assert_eq!(verify(&desired, &bundle, &world, &world).await.unwrap(), []);

    let bucket = state.buckets.get_mut(&desired.bucket).unwrap();
    let object = bucket.objects.get_mut(&desired.objects[0].key).unwrap();
    object[40] ^= 1;
    object[60] ^= 1;
    let size = object.len() as u64;
    let world = World::with(state);
    assert_eq!(
        verify(&desired, &bundle, &world, &world).await.unwrap(),
        [Difference::Code {
            logical_id: "One".into(),
            bytes: (size, size),
            range: (40, 60),
        }]
    );
}
