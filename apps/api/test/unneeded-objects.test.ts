import { expect, it, vi } from "vitest";
import { noteUnneeded } from "../src/uploads/stored-object.ts";
import { openNotes } from "./support/api-user.ts";
import { onEveryGround } from "./support/on-every-ground.ts";

onEveryGround((started) => {
  it("parts that a killed process has left at storage go with the note of their object, and no others", async (context) => {
    const { storage, db, background } = started().service;
    if (storage.capabilities.multipart === false) return context.skip("no uploads in parts");
    const begun = async (key: string): Promise<void> => {
      const upload = await storage.multipart.create(key, { contentType: "audio/wav" });
      await storage.multipart.uploadPart(upload, 1, new Uint8Array(1000));
    };
    await begun("audio/killed.wav");
    await begun("audio/killed.wav.2");
    await noteUnneeded(db, "audio/killed.wav", new Date());
    background.wake();
    await vi.waitFor(async () => expect(await openNotes(started())).toEqual([]), 60_000);
    const left = await Array.fromAsync(storage.multipart.list());
    expect(left.map(({ key }) => key)).toEqual(["audio/killed.wav.2"]);
    for (const upload of left) await storage.multipart.abort(upload);
  });
});
