from services.documents.models import Base
from shared.db.migrations import run_environment

run_environment(Base.metadata)
