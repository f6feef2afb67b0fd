import { randomUUID } from "node:crypto";

/** Keys as the app has always made them; each upload gets a new one, so an object never changes under its URL. */
export function audioKey(lectureId: string, extension: string): string {
  return `audio/${lectureId}_${randomUUID()}.${extension}`;
}

export function profileImageKey(userId: string, extension: string): string {
  return `images/profiles/${userId}_${randomUUID()}.${extension}`;
}

/** Whether a key is a profile image, which every signed-in user may see. */
export function isProfileImageKey(key: string): boolean {
  return key.startsWith("images/profiles/");
}
