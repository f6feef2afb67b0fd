/** The object is there and is no audio that anybody could play: trying again would not help. */
export class NotAudio extends Error {
  override readonly name = "NotAudio";
}
