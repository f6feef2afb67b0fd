import { randomUUID } from "node:crypto";
import { Server, TUS_RESUMABLE } from "@tus/server";
import { Hono } from "hono";
import { ANONYMOUS, owns, requireUser, type Caller } from "../auth/caller.ts";
import { findUpload, insertUpload, type UploadRow } from "../direct-uploads/upload-store.ts";
import { onEveryAnswer } from "../middleware/every-answer.ts";
import { Problem, problemOf } from "../problem/problem.ts";
import { PROBLEMS } from "../problem/problem-codes.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { agreeUpload, newKeyFor, type UploadPurpose } from "../uploads/upload-purpose.ts";
import { completeTusUpload } from "./complete-tus-upload.ts";
import { ProviderStore } from "./provider-store.ts";
import { tusProblem } from "./tus-problem.ts";

const PATH = "/tus";
const METHODS = ["OPTIONS", "HEAD", "POST", "PATCH", "DELETE"];
const PURPOSES: readonly UploadPurpose[] = ["lecture-audio", "profile-image", "file"];

/**
 * Resumable uploads by the tus protocol, version 1 (https://tus.io/protocols/resumable-upload). `Upload-Metadata` says what
 * for: `purpose`, `subjectId`, `filetype`, `filename`, and `sha256` if the client knows it.
 */
export function tusRoutes(service: Service): Hono<ServiceEnv> {
  const { config, db } = service;
  const store = new ProviderStore(service);
  /** The server hands its hooks the request and nothing else. */
  const callers = new WeakMap<object, Caller>();
  const callerOf = (request: object): Caller => callers.get(request) ?? ANONYMOUS;
  /** Why a request is refused, where the server has only asked for a status and a text. */
  const problems = new WeakMap<object, Problem>();
  const refused = (request: object, error: unknown): { status_code: number; body: string } => {
    const problem = problemOf(error);
    problems.set(request, problem);
    return { status_code: PROBLEMS[problem.code].status, body: problem.message };
  };

  const server = new Server({
    path: PATH,
    datastore: store,
    relativeLocation: true,
    maxSize: config.maxFileBytes,
    // The service answers CORS itself.
    allowedOrigins: () => false,
    namingFunction: () => randomUUID(),
    async onIncomingRequest(request, id) {
      const upload = await findUpload(db, id);
      // An upload that is being created has no row yet.
      if (upload !== undefined && !owns(callerOf(request), upload.owner_id))
        throw refused(request, new Problem("NotFound"));
    },
    async onUploadCreate(request, upload) {
      try {
        await announce(service, callerOf(request), upload);
      } catch (error) {
        throw refused(request, error);
      }
      return {};
    },
    async onUploadFinish(request, upload) {
      try {
        await completeTusUpload(service, store, upload.id, request.signal);
      } catch (error) {
        throw refused(request, error);
      }
      return {};
    },
    // What has a status is the server's own.
    onResponseError: (request, error) => ("status_code" in error ? undefined : refused(request, error)),
  });

  const app = new Hono<ServiceEnv>();
  app.all("/*", async (context) => {
    // A preflight carries no credentials; what it asks for is answered for everybody.
    if (context.req.method !== "OPTIONS") callers.set(context.req.raw, requireUser(context.get("caller")));
    if (!METHODS.includes(context.req.method)) {
      throw new Problem("MethodNotAllowed", undefined, { headers: { allow: METHODS.join(", ") } });
    }
    const answer = await server.handleWeb(context.req.raw);
    if (answer.status >= 400) {
      // Not on the answer: an error makes another one.
      onEveryAnswer(context, "tus-resumable", TUS_RESUMABLE);
      throw problems.get(context.req.raw) ?? (await tusProblem(answer));
    }
    const headers = new Headers(answer.headers);
    headers.delete("access-control-allow-origin");
    headers.delete("access-control-expose-headers");
    return new Response(answer.body, { status: answer.status, headers });
  });
  return app;
}

async function announce(
  service: Service,
  caller: Caller,
  upload: {
    readonly id: string;
    readonly size?: number | undefined;
    readonly metadata?: Record<string, string | null> | undefined;
  },
): Promise<void> {
  const { purpose = null, subjectId = null, filetype = null, filename = null, sha256 = null } = upload.metadata ?? {};
  const known = PURPOSES.find((one) => one === purpose);
  if (known === undefined) {
    throw new Problem("InvalidRequest", `Upload-Metadata needs purpose: one of ${PURPOSES.join(", ")}.`);
  }
  if (filetype === null) throw new Problem("InvalidRequest", "Upload-Metadata needs filetype: the content's type.");
  if (upload.size === undefined || upload.size < 1)
    throw new Problem("InvalidRequest", "Upload-Length must be 1 or more.");
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256))
    throw new Problem("InvalidRequest", "sha256 must be 64 hex digits.");
  const agreed = await agreeUpload(service, caller, {
    purpose: known,
    subjectId: subjectId ?? undefined,
    contentType: filetype,
    sizeBytes: upload.size,
    fileName: filename ?? undefined,
  });
  const now = Date.now();
  const row: UploadRow = {
    id: upload.id,
    owner_id: caller.id,
    purpose: known,
    subject_id: agreed.subjectId,
    protocol: "tus",
    object_key: newKeyFor(agreed),
    content_type: agreed.contentType,
    size_bytes: upload.size,
    sha256,
    state: "open",
    offset_bytes: 0,
    progress: null,
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + service.config.uploadExpirySeconds * 1000).toISOString(),
  };
  await service.db.transaction().execute((transaction) => insertUpload(transaction, row));
}
