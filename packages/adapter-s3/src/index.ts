export { adapter, s3 } from "./s3.ts";
export type { S3CredentialProvider, S3Credentials, S3Options } from "./s3-options.ts";
export { S3_PROFILES, type S3Profile, type S3ProfileName } from "./s3-profiles.ts";
