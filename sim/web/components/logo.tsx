import type { JSX } from "preact";

export function Logo(): JSX.Element {
  return (
    <p class="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect class="logo-back" width="32" height="32" rx="9" />
        <path d="M8 13v6M13.3 9v14M18.7 11.5v9M24 14v4" />
      </svg>
      Soundcheck
    </p>
  );
}
