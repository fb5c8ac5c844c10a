import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** A modal dialog: in the middle of the window, on a phone at its foot. Escape, or a click beside it, closes it. */
export function Sheet(props: { title: string; onClose(): void; children: ComponentChildren }): JSX.Element {
  const { title, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="sheet-body">
        <header class="sheet-header">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** For what is not easily undone: the first press asks, the second does. */
export function GraveButton(props: { label: string; onConfirm(): void }): JSX.Element {
  const [isAsked, setIsAsked] = useState(false);
  return (
    <button
      type="button"
      class={`row-button grave ${isAsked ? "asked" : ""}`}
      onClick={() => {
        if (isAsked) props.onConfirm();
        setIsAsked(!isAsked);
      }}
      onBlur={() => {
        setIsAsked(false);
      }}
    >
      {isAsked ? `${props.label}: press again to confirm` : props.label}
    </button>
  );
}
