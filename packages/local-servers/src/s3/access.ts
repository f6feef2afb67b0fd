import type { Identity } from "./authentication.ts";
import { allowsPublicRead, parsePolicy } from "./bucket-policy.ts";
import type { ServerContext } from "./call.ts";
import { type Action, mayDo } from "./users.ts";

/** Whether a request may do this: a user by what it was given, anybody by the bucket's policy. */
export function isAllowed(
  server: ServerContext,
  identity: Identity,
  action: Action,
  bucket: string | undefined,
  key: string | undefined,
): boolean {
  if (identity.user !== undefined && mayDo(identity.user, action, bucket)) return true;
  return action === "s3:GetObject" && bucket !== undefined && key !== undefined && isPublic(server, bucket, key);
}

function isPublic(server: ServerContext, name: string, key: string): boolean {
  if (server.publicPrefixes.some((prefix) => `${name}/${key}`.startsWith(prefix))) return true;
  const attributes = server.store.bucket(name)?.attributes ?? {};
  if (attributes.publicAccessBlock?.RestrictPublicBuckets === true && server.profile.restrictPublicBuckets)
    return false;
  return attributes.policy !== undefined && allowsPublicRead(parsePolicy(attributes.policy, name), name, key);
}
