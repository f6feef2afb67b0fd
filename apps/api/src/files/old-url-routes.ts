import { Hono, type Context } from "hono";
import { requireUser } from "../auth/caller.ts";
import { Problem } from "../problem/problem.ts";
import { deliverObject } from "../objects/deliver-object.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { requireReadable } from "./file-access.ts";
import { oldUrlSignature } from "./old-url-signature.ts";
import { keyInPath } from "./path-key.ts";

/** How the old provider let somebody read: https://supabase.com/docs/guides/storage/serving/downloads. */
type OldAccess = "public" | "sign" | "authenticated";

const MOUNTS: readonly { readonly path: string; readonly access: OldAccess }[] = [
  { path: "/storage/v1/object/public/", access: "public" },
  { path: "/storage/v1/object/sign/", access: "sign" },
  { path: "/storage/v1/object/authenticated/", access: "authenticated" },
  { path: "/storage/v1/render/image/public/", access: "public" },
  { path: "/storage/v1/render/image/sign/", access: "sign" },
  { path: "/storage/v1/render/image/authenticated/", access: "authenticated" },
];

/**
 * The old provider's URLs, for whoever still has one: the same object, the same access. Image transformations are left out:
 * the answer is the original.
 */
export function oldUrlRoutes(service: Service): Hono<ServiceEnv> {
  const app = new Hono<ServiceEnv>();
  const verify = oldUrlSignature(service.config.oldJwtSecret);
  for (const { path, access } of MOUNTS) {
    app.get(`${path}*`, async (context) => {
      const { bucket, key, objectPath } = placeOf(context, service, path);
      if (access === "public" && !bucket.isPublic) throw new Problem("NotFound", "There is no such public file.");
      if (access === "sign") await verify(context.req.query("token"), objectPath);
      if (access === "authenticated") {
        await requireReadable(service, key, { caller: requireUser(context.get("caller")), token: undefined });
      }
      return deliverObject(context, service, { key, isPublic: access === "public" });
    });
  }
  return app;
}

function placeOf(context: Context<ServiceEnv>, { config }: Service, mount: string) {
  const objectPath = keyInPath(context.req.url, mount);
  const slash = objectPath.indexOf("/");
  const bucket = config.oldBuckets.find(({ bucket: name }) => name === objectPath.slice(0, slash));
  if (slash === -1 || bucket === undefined)
    throw new Problem("NotFound", "This bucket of the old provider is not known here.");
  return { bucket, key: `${bucket.prefix}${objectPath.slice(slash + 1)}`, objectPath };
}
