import { Icon } from "./icon.tsx";

/** Opens what may be done about somebody. */
export function ActionsButton({
  name,
  className = "icon-button",
  onOpen,
}: {
  name: string;
  className?: string;
  onOpen(): void;
}) {
  return (
    <button
      type="button"
      class={className}
      aria-label={`Actions for ${name}`}
      aria-haspopup="dialog"
      onClick={onOpen}
    >
      <Icon name="more" />
    </button>
  );
}
