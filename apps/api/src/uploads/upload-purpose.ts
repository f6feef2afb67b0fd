import type { Transaction } from "kysely";
import type { PutResult } from "@bucketferry/storage-core";
import { owns, type Caller } from "../auth/caller.ts";
import type { ServiceTables, UploadTable } from "../database/tables.ts";
import { objectUrl } from "../files/object-url.ts";
import { attachAudio, findLecture } from "../lectures/lecture-store.ts";
import { Problem } from "../problem/problem.ts";
import { attachProfileImage } from "../profile-images/profile-image-store.ts";
import type { Service } from "../service.ts";
import { AUDIO_TYPES, IMAGE_TYPES, mediaTypeOf, type MediaType, type MediaTypes } from "./media-types.ts";
import { audioKey, fileKey, profileImageKey } from "./object-key.ts";

export type UploadPurpose = UploadTable["purpose"];

/** What an upload that does not come as one request is for. */
export interface UploadRequest {
  readonly purpose: UploadPurpose;
  /** Lecture's id for `lecture-audio`, the user's own for `profile-image`. */
  readonly subjectId: string | undefined;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Of a plain file; becomes the end of its key. */
  readonly fileName: string | undefined;
}

/** What was agreed: for what and as what. */
export interface AgreedUpload {
  readonly purpose: UploadPurpose;
  readonly contentType: string;
  readonly subjectId: string | null;
  /** A part of a key that every storage takes. */
  readonly name: string;
}

/**
 * Decides whether a caller may upload this.
 * @throws Problem NotFound, Forbidden, TooLarge, UnsupportedMediaType, InvalidRequest
 */
export async function agreeUpload(service: Service, caller: Caller, request: UploadRequest): Promise<AgreedUpload> {
  const { config, db } = service;
  switch (request.purpose) {
    case "lecture-audio": {
      const id = requireSubject(request, "the lecture's id");
      const lecture = await findLecture(db, id);
      if (lecture === undefined || !owns(caller, lecture.owner_id)) {
        throw new Problem("NotFound", "There is no such lecture, or it is not yours.");
      }
      const type = requireType(request.contentType, AUDIO_TYPES);
      requireSize(request.sizeBytes, config.maxAudioBytes);
      return {
        purpose: request.purpose,
        contentType: type.contentType,
        subjectId: id,
        name: `audio.${type.extension}`,
      };
    }
    case "profile-image": {
      const id = requireSubject(request, "your own user id");
      if (!owns(caller, id)) throw new Problem("Forbidden", "Only your own profile image can be changed.");
      const type = requireType(request.contentType, IMAGE_TYPES);
      requireSize(request.sizeBytes, config.maxImageBytes);
      return {
        purpose: request.purpose,
        contentType: type.contentType,
        subjectId: id,
        name: `image.${type.extension}`,
      };
    }
    case "file":
      requireFieldValue(request.contentType);
      requireSize(request.sizeBytes, config.maxFileBytes);
      return {
        purpose: request.purpose,
        contentType: request.contentType,
        subjectId: null,
        name: safeName(request.fileName ?? "file"),
      };
  }
}

/** A key that no object has yet. */
export function newKeyFor({ purpose, subjectId, contentType, name }: AgreedUpload): string {
  const extension = typeFor(purpose, contentType)?.extension;
  if (purpose === "file" || subjectId === null || extension === undefined) return fileKey(name);
  return purpose === "lecture-audio" ? audioKey(subjectId, extension) : profileImageKey(subjectId, extension);
}

/** Puts the finished upload where it belongs, within the transaction that ends it. */
export async function attachUpload(
  service: Service,
  transaction: Transaction<ServiceTables>,
  upload: Pick<UploadTable, "purpose" | "subject_id" | "content_type">,
  put: Pick<PutResult, "key" | "size" | "etag">,
): Promise<void> {
  const object = { put, url: objectUrl(service, put.key), contentType: upload.content_type };
  if (upload.subject_id === null) return;
  if (upload.purpose === "lecture-audio") await attachAudio(transaction, upload.subject_id, object);
  if (upload.purpose === "profile-image") await attachProfileImage(transaction, upload.subject_id, object);
}

/** The accepted type of an upload's content; undefined: any. */
export function typeOfUpload(upload: Pick<UploadTable, "purpose" | "content_type">): MediaType | undefined {
  return typeFor(upload.purpose, upload.content_type);
}

function typeFor(purpose: UploadPurpose, contentType: string): MediaType | undefined {
  if (purpose === "file") return undefined;
  return mediaTypeOf(contentType, purpose === "profile-image" ? IMAGE_TYPES : AUDIO_TYPES);
}

function requireSubject({ subjectId }: UploadRequest, what: string): string {
  if (subjectId !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(subjectId)) return subjectId;
  throw new Problem("InvalidRequest", `subjectId must be ${what}.`);
}

function requireType(contentType: string, types: MediaTypes): MediaType {
  const type = mediaTypeOf(contentType, types);
  if (type !== undefined) return type;
  throw new Problem("UnsupportedMediaType", `Send one of ${types.map((one) => one.contentType).join(", ")}.`);
}

/** A plain file's type is stored and given out as it was said, so it has to fit into a header. */
function requireFieldValue(contentType: string): void {
  if (/^[\x20-\x7E]{3,255}$/.test(contentType)) return;
  throw new Problem("InvalidRequest", "The content's type must be 3 to 255 visible ASCII characters.");
}

function requireSize(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes > maxBytes) throw new Problem("TooLarge", `At most ${maxBytes} bytes are accepted here.`);
}

/** A name that every storage takes as a part of a key, with its ending kept. */
function safeName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, "_").replaceAll(/^[._]+/g, "");
  return plain.slice(-100) || "file";
}
