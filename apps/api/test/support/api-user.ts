import { createHash } from "node:crypto";
import type { LectureDocument } from "../../src/lectures/lecture-document.ts";
import type { World } from "./world.ts";

/** One user's requests to a service. */
export interface ApiUser {
  readonly authorization: string;
  send(method: string, path: string, body?: BodyInit, headers?: Readonly<Record<string, string>>): Promise<Response>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  postJson(path: string, value: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Creates a lecture. */
  lecture(title: string): Promise<LectureDocument>;
  read(lectureId: string): Promise<LectureDocument>;
  /** Uploads a WAV as a lecture's audio. */
  upload(lectureId: string, bytes: Uint8Array<ArrayBuffer>): Promise<Response>;
}

export async function as(api: World, userId: string, token?: string): Promise<ApiUser> {
  const authorization = `Bearer ${token ?? (await api.token(userId))}`;
  const user: ApiUser = {
    authorization,
    send: (method, path, body, headers = {}) =>
      fetch(`${api.url}${path}`, { method, body: body ?? null, headers: { authorization, ...headers } }),
    get: (path, headers) => user.send("GET", path, undefined, headers),
    postJson: (path, value, headers = {}) =>
      user.send("POST", path, JSON.stringify(value), { "content-type": "application/json", ...headers }),
    lecture: async (title) => (await (await user.postJson("/lectures", { title })).json()) as LectureDocument,
    read: async (id) => (await (await user.get(`/lectures/${id}`)).json()) as LectureDocument,
    upload: (id, bytes) => user.send("POST", `/lectures/${id}/upload-audio`, bytes, { "content-type": "audio/wav" }),
  };
  return user;
}

export async function keysOf(api: World, prefix: string): Promise<string[]> {
  const entries = await Array.fromAsync(api.service.storage.list({ prefix }));
  return entries.flatMap((entry) => (entry.type === "object" ? [entry.key] : []));
}

/** Objects that storage may still hold and nobody needs, with the time at which they go. */
export function openNotes(api: World): Promise<readonly { readonly object_key: string; readonly due_at: string }[]> {
  return api.service.db.selectFrom("bucketferry_unneeded_objects").selectAll().execute();
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
