import { S3Error } from "./s3-error.ts";
import { childText, parseXml, type XmlFields } from "./xml.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

const NAMES = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

/** What AWS gives every bucket since April 2023. */
export const ALL_BLOCKED: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export function parsePublicAccessBlock(xml: string): PublicAccessBlock {
  const root = parseXml(xml, "PublicAccessBlockConfiguration");
  for (const { name, text } of root.children) {
    if (!NAMES.some((known) => known === name) || !/^(?:true|false)$/i.test(text)) throw new S3Error("MalformedXML");
  }
  const isSet = (name: (typeof NAMES)[number]): boolean => childText(root, name)?.toLowerCase() === "true";
  return {
    BlockPublicAcls: isSet("BlockPublicAcls"),
    IgnorePublicAcls: isSet("IgnorePublicAcls"),
    BlockPublicPolicy: isSet("BlockPublicPolicy"),
    RestrictPublicBuckets: isSet("RestrictPublicBuckets"),
  };
}

export function publicAccessBlockFields(block: PublicAccessBlock): XmlFields {
  return { ...block };
}
