import { owns, requireUser, type Caller } from "../auth/caller.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { isProfileImageKey } from "../uploads/object-key.ts";
import { fileResource } from "./object-link.ts";

/**
 * Whether a caller may read the object of a key. Public files are everybody's; a link opens what it was made for; else a
 * lecture's audio and an uploaded file are their owner's, a profile image is every signed-in user's, and everything else the
 * service role's.
 *
 * @throws Problem Unauthorized, Forbidden, NotFound, Expired
 */
export async function requireReadable(
  { config, db, links }: Service,
  key: string,
  { caller, token }: { readonly caller: Caller; readonly token: string | undefined },
): Promise<void> {
  if (config.filesArePublic) return;
  if (token !== undefined) {
    const verdict = links.check(fileResource(key), token);
    if (verdict === "valid") return;
    throw verdict === "expired"
      ? new Problem("Expired", "The link has expired; ask for a new one.")
      : new Problem("Forbidden", "The link is not valid.");
  }
  const { role } = requireUser(caller);
  if (role === "service_role" || isProfileImageKey(key)) return;
  const lecture = await db.selectFrom("lectures").select("owner_id").where("audio_key", "=", key).executeTakeFirst();
  if (lecture !== undefined && owns(caller, lecture.owner_id)) return;
  const upload = await db
    .selectFrom("bucketferry_uploads")
    .select("owner_id")
    .where("object_key", "=", key)
    .where("purpose", "=", "file")
    .where("state", "=", "complete")
    .executeTakeFirst();
  if (upload !== undefined && owns(caller, upload.owner_id)) return;
  throw new Problem("NotFound", "There is no such file, or it is not yours.");
}
