import { randomUUID } from "node:crypto";

/** Keys as the app has always made them; each upload gets a new one, so an object never changes under its URL. */
export function audioKey(lectureId: string, extension: string): string {
  return `audio/${lectureId}_${randomUUID()}.${extension}`;
}

export function profileImageKey(userId: string, extension: string): string {
  return `images/profiles/${userId}_${randomUUID()}.${extension}`;
}

export function fileKey(name: string): string {
  return `uploads/${randomUUID()}/${name}`;
}

/** Where a client puts what it sends straight to storage, until it has been looked at. */
export function incomingKey(uploadId: string, name: string): string {
  return `incoming/${uploadId}/${name}`;
}

/** Whether a key is a profile image, which every signed-in user may see. */
export function isProfileImageKey(key: string): boolean {
  return key.startsWith("images/profiles/");
}
