/** Markdown of a model, made harmless: no raw HTML, sanitised after rendering, no image is fetched. Loaded lazily. */
import { memo, useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import { splitBlocks } from "./blocks";
import { rehypeCitations } from "./citations";
import classes from "./markdown.module.css";
import { safeUrl } from "./safeUrl";

export interface MarkdownProps {
  text: string;
  /** Positions of the sources that `[n]` may open. */
  positions?: number[];
  onCite?: (position: number) => void;
}

/** Above this length only plain text is shown: parsing it would freeze the page. */
const MAX_CHARACTERS = 200_000;
const NO_POSITIONS: number[] = [];

const schema = {
  ...defaultSchema,
  tagNames: (defaultSchema.tagNames ?? []).filter((name) => !["picture", "source", "details", "summary"].includes(name)),
  protocols: { href: ["http", "https", "mailto"], src: ["http", "https"] },
};

function SafeLink({ href, children }: { href?: string; children?: ReactNode }) {
  const url = safeUrl(href);
  if (!url) return <span>{children}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>
      {children}
    </a>
  );
}

export default function MarkdownView({ text, positions = NO_POSITIONS, onCite }: MarkdownProps) {
  const { t } = useTranslation();
  const key = positions.join(",");
  const known = useMemo(() => new Set(key ? key.split(",").map(Number) : []), [key]);
  const components = useMemo<Components>(
    () => ({
      a: SafeLink,
      // An image would tell a stranger's server that this answer was read: show where it is instead.
      img: ({ src, alt }) => <SafeLink href={typeof src === "string" ? src : undefined}>{alt || t("common.image")}</SafeLink>,
      button: ({ value }) => (
        <button type="button" className={classes.cite} onClick={() => onCite?.(Number(value))} aria-label={t("common.source", { position: Number(value) })}>
          {String(value)}
        </button>
      ),
    }),
    [onCite, t],
  );
  if (text.length > MAX_CHARACTERS) return <pre className={classes.plain}>{text}</pre>;
  return (
    <div className={classes.markdown}>
      {splitBlocks(text).map((block, index) => (
        <Block key={index} text={block} known={known} components={components} />
      ))}
    </div>
  );
}

const Block = memo(function Block({ text, known, components }: { text: string; known: Set<number>; components: Components }) {
  const rehypePlugins = useMemo(
    () => [[rehypeSanitize, schema], rehypeCitations(known)] as const,
    [known],
  );
  return (
    <ReactMarkdown skipHtml remarkPlugins={[remarkGfm]} rehypePlugins={rehypePlugins as never} components={components}>
      {text}
    </ReactMarkdown>
  );
});
