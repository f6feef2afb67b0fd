/** The hash of a part is the one that its target verifies: SHA-256 or MD5, which their lengths tell apart. */
export const partDigests = "alter table upload_parts rename column sha256 to digest";
