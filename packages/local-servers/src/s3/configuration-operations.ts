import { randomBytes } from "node:crypto";
import { parsePolicy } from "./bucket-policy.ts";
import { type Answer, type BucketCall, NO_CONTENT, xmlAnswer } from "./call.ts";
import { corsFields, parseCors } from "./cors.ts";
import { parsePublicAccessBlock, publicAccessBlockFields } from "./public-access-block.ts";
import { S3Error } from "./s3-error.ts";
import type { S3Shape } from "./shape.ts";
import { child, childrenOf, childText, formatElement, parseXml, type XmlElement, xmlDocument } from "./xml.ts";

/** The document of a configuration call; S3 wants proof that it arrived whole. */
async function documentOf(call: BucketCall): Promise<string> {
  const body = call.body();
  if (!body.hasIntegrity) {
    throw new S3Error("InvalidRequest", {
      message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    });
  }
  return body.text();
}

async function change(
  call: BucketCall,
  changes: { [K in keyof S3Shape["bucket"]]?: S3Shape["bucket"][K] | undefined },
): Promise<void> {
  const merged: Record<string, unknown> = { ...call.bucket.attributes, ...changes };
  // `undefined` removes a setting; JSON has no such value, so the name goes.
  call.bucket.setAttributes(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)));
  await call.server.store.sync();
}

export async function putBucketCors(call: BucketCall): Promise<Answer> {
  await change(call, { cors: parseCors(await documentOf(call)) });
  return {};
}

export function getBucketCors({ bucket }: BucketCall): Answer {
  const { cors } = bucket.attributes;
  if (cors === undefined) throw new S3Error("NoSuchCORSConfiguration", { fields: { BucketName: bucket.name } });
  return xmlAnswer("CORSConfiguration", corsFields(cors));
}

export async function deleteBucketCors(call: BucketCall): Promise<Answer> {
  await change(call, { cors: undefined });
  return NO_CONTENT;
}

export async function putBucketPolicy(call: BucketCall): Promise<Answer> {
  const policy = await call.body().text();
  parsePolicy(policy, call.bucket.name);
  // Every policy of the subset that is taken here is a public one.
  if (call.bucket.attributes.publicAccessBlock?.BlockPublicPolicy === true) {
    throw new S3Error("AccessDenied", {
      message:
        "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
    });
  }
  await change(call, { policy });
  return NO_CONTENT;
}

export function getBucketPolicy({ bucket }: BucketCall): Answer {
  const { policy } = bucket.attributes;
  if (policy === undefined) throw new S3Error("NoSuchBucketPolicy", { fields: { BucketName: bucket.name } });
  return { body: { kind: "text", text: policy, type: "application/json" } };
}

export async function deleteBucketPolicy(call: BucketCall): Promise<Answer> {
  await change(call, { policy: undefined });
  return NO_CONTENT;
}

export function getBucketPolicyStatus({ bucket }: BucketCall): Answer {
  const { policy } = bucket.attributes;
  if (policy === undefined) throw new S3Error("NoSuchBucketPolicy", { fields: { BucketName: bucket.name } });
  return xmlAnswer("PolicyStatus", { IsPublic: parsePolicy(policy, bucket.name).length > 0 });
}

export async function putPublicAccessBlock(call: BucketCall): Promise<Answer> {
  await change(call, { publicAccessBlock: parsePublicAccessBlock(await documentOf(call)) });
  return {};
}

export function getPublicAccessBlock({ bucket }: BucketCall): Answer {
  const { publicAccessBlock } = bucket.attributes;
  if (publicAccessBlock === undefined) {
    throw new S3Error("NoSuchPublicAccessBlockConfiguration", { fields: { BucketName: bucket.name } });
  }
  return xmlAnswer("PublicAccessBlockConfiguration", publicAccessBlockFields(publicAccessBlock));
}

export async function deletePublicAccessBlock(call: BucketCall): Promise<Answer> {
  await change(call, { publicAccessBlock: undefined });
  return NO_CONTENT;
}

const MAX_LIFECYCLE_RULES = 1000;

export async function putBucketLifecycle(call: BucketCall): Promise<Answer> {
  const rules = childrenOf(parseXml(await documentOf(call), "LifecycleConfiguration"), "Rule");
  if (rules.length === 0 || rules.length > MAX_LIFECYCLE_RULES) throw new S3Error("MalformedXML");
  await change(call, { lifecycle: rules.map((rule) => formatElement(checkedRule(rule))).join("") });
  return {};
}

/** A rule with an id, as S3 gives one to those that came without. */
function checkedRule(rule: XmlElement): XmlElement {
  const status = childText(rule, "Status");
  const scoped = child(rule, "Filter") !== undefined || child(rule, "Prefix") !== undefined;
  if ((status !== "Enabled" && status !== "Disabled") || !scoped) throw new S3Error("MalformedXML");
  if (child(rule, "ID") !== undefined) return rule;
  const id = { name: "ID", text: randomBytes(24).toString("base64url"), children: [] };
  return { ...rule, children: [id, ...rule.children] };
}

export function getBucketLifecycle({ bucket }: BucketCall): Answer {
  const { lifecycle } = bucket.attributes;
  if (lifecycle === undefined) {
    throw new S3Error("NoSuchLifecycleConfiguration", { fields: { BucketName: bucket.name } });
  }
  const text = xmlDocument("LifecycleConfiguration", "").replace("></", `>${lifecycle}</`);
  return { body: { kind: "text", text, type: "application/xml" } };
}

export async function deleteBucketLifecycle(call: BucketCall): Promise<Answer> {
  await change(call, { lifecycle: undefined });
  return NO_CONTENT;
}
