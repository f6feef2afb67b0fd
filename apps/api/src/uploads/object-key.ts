import { randomUUID } from "node:crypto";

/** Keys as the app has always made them; each upload gets a new one, so an object never changes under its URL. */
export function audioKey(lectureId: string, extension: string): string {
  return `audio/${lectureId}_${randomUUID()}.${extension}`;
}

export function profileImageKey(userId: string, extension: string): string {
  return `images/profiles/${userId}_${randomUUID()}.${extension}`;
}

/** The lecture that an audio key belongs to; undefined for any other key. */
export function lectureOfKey(key: string): string | undefined {
  return /^audio\/([^/]+)_[0-9a-f-]{36}\.\w+$/.exec(key)?.[1];
}

/** Whether a key is a profile image, which every signed-in user may see. */
export function isProfileImageKey(key: string): boolean {
  return key.startsWith("images/profiles/");
}
