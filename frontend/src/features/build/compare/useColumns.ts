/** The columns of the comparison in the address's fragment: it never leaves the browser, however long a prompt is. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { readColumns, writeColumns, type Column } from "./columns";

type Change = (columns: Column[]) => Column[];

export function useColumns() {
  const { hash, search } = useLocation();
  const navigate = useNavigate();
  const [columns, setColumns] = useState(() => readColumns(hash));
  const seen = useRef(hash);
  const written = useRef(hash);
  // Several changes may be under way to the address at once: each of them is ours when it arrives there.
  const ours = useRef(new Set<string>());

  useEffect(() => {
    if (hash !== seen.current) {
      seen.current = hash;
      const isOurs = ours.current.delete(hash);
      if (!isOurs) {
        written.current = hash;
        setColumns(readColumns(hash));
        return;
      }
    }
    const wanted = columns ? writeColumns(columns) : "";
    if (wanted === written.current) return;
    written.current = wanted;
    ours.current.add(wanted);
    void navigate({ search, hash: wanted }, { replace: true });
  }, [columns, hash, search, navigate]);

  const change = useCallback((next: Change) => setColumns((now) => (now ? next(now) : now)), []);
  const open = useCallback((first: Column[]) => setColumns(first), []);
  const close = useCallback(() => setColumns(null), []);
  return { columns, change, open, close };
}
