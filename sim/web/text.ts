/** "1 person", "3 people". */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** With its unit, or a dash for what is not known. */
export function measured(value: number | null, unit: "ms" | "%"): string {
  if (value === null) return "–";
  return `${value.toFixed(unit === "%" && value < 10 ? 1 : 0)} ${unit}`;
}

/** A room that nobody gave a title goes by its id. */
export function roomTitle(room: { title: string; roomId: string } | null): string {
  return room === null || room.title === "" ? (room?.roomId ?? "The room") : room.title;
}
