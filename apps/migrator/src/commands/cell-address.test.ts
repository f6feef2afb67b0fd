import { expect, test } from "vitest";
import { parseCellAddress } from "./cell-address.ts";

test.each([
  ["lectures.audio_url@17", { table: "lectures", column: "audio_url", key: "17" }],
  ["public.lectures.audio_url@a@b", { table: "public.lectures", column: "audio_url", key: "a@b" }],
  ["users.image@school=North,name=", { table: "users", column: "image", key: { school: "North", name: "" } }],
  ['users.image@{"id":7,"name":"a,b=c"}', { table: "users", column: "image", key: { id: "7", name: "a,b=c" } }],
  ["users.image@{not JSON", { table: "users", column: "image", key: "{not JSON" }],
  ["users.image@a=b,c", { table: "users", column: "image", key: "a=b,c" }],
])("%s is the address of a cell", (text, address) => {
  expect(parseCellAddress(text)).toEqual(address);
});

test.each(["https://ref.supabase.co/a@b", "https://a.b@c", "//a.b/c@d", "lectures@17", "lectures.audio_url@", "a.b"])(
  "%s is none",
  (text) => {
    expect(parseCellAddress(text)).toBeUndefined();
  },
);
