import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A page's heading, which takes the focus when the page comes, so that a screen reader says where one is. */
export function PageHeading(props: { id: string; children: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  return (
    <h1 ref={heading} id={props.id} tabIndex={-1}>
      {props.children}
    </h1>
  );
}
