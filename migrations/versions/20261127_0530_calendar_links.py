"""What a calendar link holds, says and who fetched it; when the numbers of a slot last changed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "20261127_0530"
down_revision: str | None = "20261127_0230"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KINDS = "'enterprise', 'desk', 'steward', 'staff', 'filter'"
OWNER = (
    "(enterprise_id IS NOT NULL) = (kind = 'enterprise') "
    "AND (department_id IS NOT NULL) = (kind IN ('desk', 'steward', 'staff')) "
    "AND (staff_id IS NOT NULL) = (kind = 'staff') AND (filter <> '') = (kind = 'filter')"
)


def upgrade() -> None:
    op.execute("ALTER TABLE slots ADD COLUMN counts_revision INTEGER DEFAULT 0 NOT NULL")
    op.add_column("slots", sa.Column("counted_at", sa.DateTime(timezone=True)))
    with op.batch_alter_table("feed_links") as table:
        table.drop_constraint(op.f("ck_feed_links_one_owner"), type_="check")
        table.add_column(sa.Column("kind", sa.String(24), nullable=False, server_default="enterprise"))
        table.add_column(sa.Column("filter", sa.String(700), nullable=False, server_default=""))
        table.add_column(sa.Column("detail", sa.String(24), nullable=False, server_default="full"))
        table.add_column(sa.Column("locale", sa.String(8), nullable=False, server_default=""))
        table.add_column(sa.Column("changed_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("renewed_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("clients", JSON, nullable=False, server_default="{}"))
        table.drop_column("last_client")
        table.drop_column("last_fetched_at")
    op.execute(
        "UPDATE feed_links SET kind = CASE WHEN staff_id IS NOT NULL THEN 'staff' ELSE 'desk' END "
        "WHERE department_id IS NOT NULL"
    )
    with op.batch_alter_table("feed_links") as table:
        for name in ("kind", "filter", "detail", "locale", "clients"):
            table.alter_column(name, server_default=None)
        table.create_check_constraint(op.f("ck_feed_links_owner"), OWNER)
        table.create_check_constraint(op.f("ck_feed_links_kind"), f"kind IN ({KINDS})")
        table.create_check_constraint(op.f("ck_feed_links_detail"), "detail IN ('full', 'brief', 'busy')")


def downgrade() -> None:
    op.execute("DELETE FROM feed_links WHERE kind IN ('filter', 'steward')")
    with op.batch_alter_table("feed_links") as table:
        for name in ("detail", "kind", "owner"):
            table.drop_constraint(op.f(f"ck_feed_links_{name}"), type_="check")
        table.add_column(sa.Column("last_fetched_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("last_client", sa.String(120), nullable=False, server_default=""))
        for name in ("clients", "renewed_at", "changed_at", "locale", "detail", "filter", "kind"):
            table.drop_column(name)
    with op.batch_alter_table("feed_links") as table:
        table.alter_column("last_client", server_default=None)
        table.create_check_constraint(
            op.f("ck_feed_links_one_owner"), "(enterprise_id IS NULL) <> (department_id IS NULL)"
        )
    op.drop_column("slots", "counted_at")
    op.execute("ALTER TABLE slots DROP COLUMN counts_revision")
