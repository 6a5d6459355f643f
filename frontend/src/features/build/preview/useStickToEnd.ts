/** A scroller that follows what is added at its end. */
import { useEffect, useRef } from "react";

/** Keeps the end of the conversation in sight, unless the reader has scrolled up. */
export function useStickToEnd(changes: unknown[]) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller names what moves the end
  }, changes);
  const onScroll = () => {
    const element = scroller.current;
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  return { scroller, onScroll };
}
