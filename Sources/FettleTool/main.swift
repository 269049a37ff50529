import Fettle
