/** A value in the page's address, so that a reload and the way back show what was seen. */
import { useCallback, useEffect, useState } from "react";

const read = (name: string): string | null => new URLSearchParams(window.location.search).get(name);

export function useAddress(name: string, initial: string | null): [string | null, (value: string | null) => void] {
  const [value, setValue] = useState(() => read(name) ?? initial);
  useEffect(() => {
    const follow = () => setValue(read(name));
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, [name]);
  const set = useCallback(
    (next: string | null) => {
      setValue(next);
      if (read(name) === next) return;
      const url = new URL(window.location.href);
      if (next === null) url.searchParams.delete(name);
      else url.searchParams.set(name, next);
      window.history.pushState(null, "", url);
    },
    [name],
  );
  return [value, set];
}
