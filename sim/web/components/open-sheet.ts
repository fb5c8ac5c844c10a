/** The dialog that is open; null: none. */
export type OpenSheet =
  | { readonly kind: "member"; readonly participantId: string }
  | { readonly kind: "room" | "encryption" | "quality" }
  | null;
